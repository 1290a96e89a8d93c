using System.Net;

namespace EdgeML.Cli.CommandLine;

/// <summary>An address as given on a command line.</summary>
readonly record struct HostPort(string Host, int Port)
{
    /// <summary>For sockets; a literal address stays one, a name is resolved when connecting.</summary>
    public EndPoint ToEndPoint() =>
        IPAddress.TryParse(Host, out IPAddress? address) ? new IPEndPoint(address, Port) : new DnsEndPoint(Host, Port);

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
