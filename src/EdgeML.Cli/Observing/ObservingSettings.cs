using System.Net;
using EdgeML.Cli.CommandLine;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Observing;

/// <summary>The view of a server for those who watch it.</summary>
sealed record ObservingSettings
{
    /// <summary>Address of the pages; null for none.</summary>
    public HostPort? Http { get; init; }

    /// <summary>Whether the pages may be on a network.</summary>
    public bool HttpInsecure { get; init; }

    /// <summary>Collector that metrics are sent to; null for none.</summary>
    public Uri? Otlp { get; init; }

    public bool IsJsonLog { get; init; }

    /// <summary>Null for the usual level.</summary>
    public LogLevel? LogLevel { get; init; }

    public bool IsVerbose { get; init; }

    /// <summary>Of a configuration without faults.</summary>
    /// <exception cref="ArgumentException">OTEL_EXPORTER_OTLP_ENDPOINT is no address.</exception>
    public static ObservingSettings Of(ServeConfiguration configuration, bool isVerbose)
    {
        HostPort? http = null;
        if (configuration.Http?.Listen is { } listen && ListenAddress.TryParse(listen, out ListenAddress address) is null)
            http = new HostPort(address.Host, address.Port);
        return new ObservingSettings
        {
            Http = http,
            HttpInsecure = configuration.Http?.Insecure == true,
            Otlp = configuration.Otlp?.Endpoint is { } collector ? new Uri(collector) : OtlpExport.FromEnvironment(),
            IsJsonLog = configuration.Log?.Format == LogWords.Json,
            LogLevel = configuration.Log?.Level is { } level ? LogWords.LevelOf(level) : null,
            IsVerbose = isVerbose,
        };
    }

    public ILogger CreateLog()
    {
        LogLevel least = LogLevel ?? (IsJsonLog || IsVerbose ? Microsoft.Extensions.Logging.LogLevel.Information : Microsoft.Extensions.Logging.LogLevel.Warning);
        return IsJsonLog ? new JsonServerLog(least) : new ServerLog(least);
    }

    /// <summary>Refuses pages on a network that the operator has not asked for.</summary>
    /// <exception cref="ArgumentException">They are.</exception>
    public void CheckAddress(IPEndPoint endPoint)
    {
        if (!IPAddress.IsLoopback(endPoint.Address) && !HttpInsecure)
            throw new ArgumentException(
                $"--http {Http} can be reached over a network, and its pages are neither encrypted nor protected by a password: give a loopback address, or --http-insecure where the network is trusted");
    }
}
