using System.Globalization;
using System.Net;

namespace EdgeML.Simulation.Links;

/// <summary>A network namespace of this machine, connected by a pair of virtual interfaces, whose way in is slowed down by the kernel's token
/// bucket (<c>tc tbf</c>). Everything is gone again when it is disposed.</summary>
/// <remarks>Linux, root, <c>ip</c> and <c>tc</c>. Its name carries the process id, so that the next one can remove the rest of a killed
/// process left.</remarks>
public sealed class ShapedNamespace : IDisposable
{
    const string Prefix = "edgeml-";

    /// <summary>Share of a full frame on the interface that is TCP payload: 1448 of 1514 bytes.</summary>
    public const double PayloadShare = 1448.0 / 1514;

    /// <summary>Bytes that pass at once on an idle link; the least the kernel takes without dropping full frames.</summary>
    public const int SmallestBurst = 1600;

    /// <summary>More than any request: the queue before the bucket never drops, so TCP never has to repeat.</summary>
    const int QueueBytes = 64 << 20;

    readonly string _interface;
    bool _disposed;

    ShapedNamespace(int id)
    {
        Name = $"{Prefix}{id}";
        _interface = $"eml{id}";
        // A network of four addresses out of the range kept for benchmarks (RFC 2544).
        int network = id % 16384 * 4;
        byte[] address = [198, 18, (byte)(network >> 8), (byte)network];
        (Outside, Inside) = (At(address, 1), At(address, 2));
    }

    /// <summary>Of the namespace, for <c>ip netns exec</c>.</summary>
    public string Name { get; }

    /// <summary>Address on this side of the link.</summary>
    public IPAddress Outside { get; }

    /// <summary>Address within the namespace.</summary>
    public IPAddress Inside { get; }

    /// <summary>Words to put before a command line that is to run inside.</summary>
    public IReadOnlyList<string> Launcher => [SystemCommand.Find("ip") ?? "ip", "netns", "exec", Name];

    /// <summary>Why this machine or user cannot have one; null where nothing is known to be in the way.</summary>
    public static string? WhyNot() =>
        !OperatingSystem.IsLinux() ? "network namespaces are Linux's"
        : !Environment.IsPrivilegedProcess ? "network namespaces need root"
        : SystemCommand.Find("ip") is null ? "ip (iproute2) is not installed"
        : SystemCommand.Find("tc") is null ? "tc (iproute2) is not installed"
        : null;

    /// <summary>Bytes that a link of a rate lets pass at once after a pause: a fifth of a millisecond, and a full frame at least.</summary>
    public static int BurstBytes(double mbps) => Math.Max(SmallestBurst, (int)(mbps * 1e6 / 8 * 0.0002));

    /// <summary>Makes one.</summary>
    /// <param name="mbps">Megabits per second into the namespace, frames counted whole; the way back is not limited.</param>
    /// <exception cref="InvalidOperationException">This machine or user cannot; nothing is left behind.</exception>
    public static ShapedNamespace Create(double mbps)
    {
        if (WhyNot() is { } reason) throw new InvalidOperationException(reason);
        RemoveAbandoned();
        var made = new ShapedNamespace(Environment.ProcessId);
        try
        {
            made.SetUp(mbps);
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>Removes namespace and interfaces; processes within keep running without a network.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        // Deleting one end of the pair deletes both; the namespace would only do so once its last process is gone.
        SystemCommand.Run($"ip link del {_interface}");
        SystemCommand.Run($"ip netns del {Name}");
    }

    void SetUp(double mbps)
    {
        string bits = (mbps * 1e6).ToString("0", CultureInfo.InvariantCulture);
        Do($"ip netns add {Name}");
        Do($"ip link add {_interface} type veth peer name {_interface}t netns {Name}");
        Do($"ip addr add {Outside}/30 dev {_interface}");
        Do($"ip link set {_interface} up");
        Do($"ip -n {Name} addr add {Inside}/30 dev {_interface}t");
        Do($"ip -n {Name} link set {_interface}t up");
        Do($"ip -n {Name} link set lo up");
        Do($"tc qdisc add dev {_interface} root tbf rate {bits}bit burst {BurstBytes(mbps)} limit {QueueBytes}");
    }

    static void RemoveAbandoned()
    {
        const string Folder = "/run/netns";
        if (!Directory.Exists(Folder)) return;
        foreach (string name in Directory.GetFiles(Folder, $"{Prefix}*").Select(path => Path.GetFileName(path)))
        {
            if (int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && !Directory.Exists($"/proc/{id}"))
                new ShapedNamespace(id).Dispose();
        }
    }

    static void Do(string line)
    {
        if (SystemCommand.Run(line) is { } complaint) throw new InvalidOperationException(complaint);
    }

    static IPAddress At(byte[] network, int host) => new([network[0], network[1], network[2], (byte)(network[3] + host)]);
}
