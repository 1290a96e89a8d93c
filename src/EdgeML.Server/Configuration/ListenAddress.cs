using System.Globalization;
using System.Net;
using EdgeML.Native.Offload.Client;

namespace EdgeML.Server.Configuration;

/// <summary>HOST:PORT to serve on.</summary>
readonly record struct ListenAddress(string Host, int Port)
{
    /// <summary>Reads HOST:PORT; an IPv6 address is in brackets.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public static string? TryParse(string text, out ListenAddress address)
    {
        address = default;
        int colon = text.LastIndexOf(':');
        string host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        if (host.Length == 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port > IPEndPoint.MaxPort)
            return $"not HOST:PORT with a port in 0..{IPEndPoint.MaxPort}";
        if (host.Length > TailClientOptions.LongestHost)
            return $"a host of {host.Length} characters, at most {TailClientOptions.LongestHost} are possible";
        address = new ListenAddress(host, port);
        return null;
    }

    /// <summary>Whether other machines can reach it; null where that depends on what the name resolves to.</summary>
    public bool? IsExposed => IPAddress.TryParse(Host, out IPAddress? literal) ? !IPAddress.IsLoopback(literal) : null;

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
