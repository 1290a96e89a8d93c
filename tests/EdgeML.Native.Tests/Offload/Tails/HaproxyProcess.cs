using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EdgeML.Native.Tests.Offload.Tails;

/// <summary>HAProxy in TCP mode before some tails, on a free port of this machine.</summary>
sealed class HaproxyProcess : IDisposable
{
    const int Attempts = 5;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-haproxy-").FullName;
    readonly Process _process;

    /// <param name="tails">Ports; the first that can be reached is used.</param>
    public HaproxyProcess(params int[] tails)
    {
        for (int attempt = 1; ; attempt++)
        {
            Port = FreePort();
            string file = Path.Combine(_folder, "haproxy.cfg");
            File.WriteAllText(file, Configuration(Port, tails));
            var start = new ProcessStartInfo(Executable!, ["-db", "-f", file]) { RedirectStandardError = true, RedirectStandardOutput = true };
            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, _) => { };
            _process.BeginOutputReadLine();
            var said = _process.StandardError.ReadToEndAsync();
            if (SpinWait.SpinUntil(() => _process.HasExited || Listens(Port), s_patience) && !_process.HasExited) return;
            // Somebody else has taken the port in the meantime.
            if (!_process.HasExited) _process.Kill();
            if (attempt == Attempts) throw new InvalidOperationException($"haproxy does not listen on port {Port}: {said.GetAwaiter().GetResult()}");
            _process.Dispose();
        }
    }

    /// <summary>Null where it is not installed.</summary>
    public static string? Executable { get; } = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin"
        .Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, "haproxy")).FirstOrDefault(File.Exists);

    public int Port { get; }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    static string Configuration(int port, int[] tails) =>
        $"""
        defaults
            mode tcp
            timeout connect 1s
            timeout client 60s
            timeout server 60s
            retries 3
            option redispatch 1
        listen tails
            bind 127.0.0.1:{port}
            option tcp-check
            default-server check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions
        {string.Join('\n', tails.Select((tail, i) => $"    server tail{i} 127.0.0.1:{tail}{(i > 0 ? " backup" : "")}"))}

        """;

    static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    static bool Listens(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
