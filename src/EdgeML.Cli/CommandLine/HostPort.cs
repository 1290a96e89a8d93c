using System.Net;
using System.Net.Sockets;

namespace EdgeML.Cli.CommandLine;

/// <summary>An address as given on a command line.</summary>
readonly record struct HostPort(string Host, int Port)
{
    /// <summary>For sockets; a literal address stays one, a name is resolved when connecting.</summary>
    public EndPoint ToEndPoint() =>
        IPAddress.TryParse(Host, out IPAddress? address) ? new IPEndPoint(address, Port) : new DnsEndPoint(Host, Port);

    /// <summary>The address to listen on.</summary>
    /// <exception cref="IOException">The host is unknown.</exception>
    public async Task<IPEndPoint> ResolveAsync(CancellationToken cancellation)
    {
        if (ToEndPoint() is IPEndPoint literal) return literal;
        IPAddress[] found;
        try
        {
            found = await Dns.GetHostAddressesAsync(Host, cancellation).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen on {this}: host {Host} is unknown: {e.Message}", e);
        }
        if (found.Length == 0) throw new IOException($"cannot listen on {this}: host {Host} has no address");
        return new IPEndPoint(found[0], Port);
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
