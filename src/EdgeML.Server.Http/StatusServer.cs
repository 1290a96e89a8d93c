using System.Net;
using EdgeML.Server.Http.Endpoints;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace EdgeML.Server.Http;

/// <summary>Shows tail servers to people and monitors over HTTP: <c>/</c> a live page, <c>/metrics</c> for Prometheus, <c>/healthz</c> and
/// <c>/readyz</c>. All methods may be called from any thread.</summary>
public sealed class StatusServer : IAsyncDisposable
{
    static readonly TimeSpan s_stopLimit = TimeSpan.FromSeconds(1);

    readonly KestrelServer _server;
    readonly WatchedServers _watched;
    readonly MetricsEndpoint _metrics;

    StatusServer(KestrelServer server, IPEndPoint endPoint, WatchedServers watched, MetricsEndpoint metrics) =>
        (_server, EndPoint, _watched, _metrics) = (server, endPoint, watched, metrics);

    /// <summary>Where it listens, with the real port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Listens. Until <see cref="Watch"/> is called, <c>/readyz</c> answers 503.</summary>
    /// <param name="options">Address.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <exception cref="IOException">The address is not free.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The address is not of this machine.</exception>
    public static async Task<StatusServer> StartAsync(StatusServerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(options.EndPoint, nameof(options));
        ListenOptions? listen = null;
        var kestrel = new KestrelServerOptions { AddServerHeader = false };
        kestrel.Limits.MaxConcurrentConnections = StatusServerOptions.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Listen(options.EndPoint, each =>
        {
            each.Protocols = HttpProtocols.Http1;
            listen = each;
        });
        // Without a host around it: nothing is read from the environment or from files, and signals stay the program's.
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        var server = new KestrelServer(Options.Create(kestrel), transport, NullLoggerFactory.Instance);
        var watched = new WatchedServers();
        var metrics = new MetricsEndpoint();
        try
        {
            await server.StartAsync(new StatusApplication(watched, metrics, options.Logger ?? NullLogger.Instance), cancellation).ConfigureAwait(false);
            return new StatusServer(server, listen!.IPEndPoint!, watched, metrics);
        }
        catch
        {
            server.Dispose();
            metrics.Dispose();
            throw;
        }
    }

    /// <summary>Adds a server whose models are loaded. It stays on the page when it is disposed, and then <c>/readyz</c> answers 503.</summary>
    public void Watch(TailServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        _watched.Add(server);
    }

    /// <summary>Stops listening, and gives pages under way a second.</summary>
    public async ValueTask DisposeAsync()
    {
        using (var limit = new CancellationTokenSource(s_stopLimit)) await _server.StopAsync(limit.Token).ConfigureAwait(false);
        _server.Dispose();
        _metrics.Dispose();
    }
}
