using System.Net;
using System.Runtime.CompilerServices;
using EdgeML.Native.Telemetry;
using EdgeML.Server;
using EdgeML.Server.Http;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Observing;

/// <summary>The pages and exports of a server, from before its models are loaded until after it has stopped.</summary>
sealed class ServerObserver : IAsyncDisposable
{
    // Typed so that ASP.NET Core is not loaded where there are no pages.
    IAsyncDisposable? _pages;
    OtlpExport.Export? _export;

    ServerObserver()
    {
    }

    /// <summary>File descriptors that the pages may take.</summary>
    public int Descriptors => _pages is null ? 0 : StatusServerOptions.MaxConnections;

    /// <summary>Where the pages are; null without.</summary>
    public IPEndPoint? EndPoint { get; private set; }

    /// <summary>Begins to listen and to export.</summary>
    /// <exception cref="ArgumentException">The address is on a network, and that was not asked for.</exception>
    /// <exception cref="IOException">The address is unknown or not free.</exception>
    public static async Task<ServerObserver> StartAsync(ObservingSettings settings, string service, ILogger log, CancellationToken cancellation)
    {
        var observer = new ServerObserver();
        try
        {
            if (settings.Http is { } address)
            {
                IPEndPoint endPoint = await address.ResolveAsync(cancellation).ConfigureAwait(false);
                settings.CheckAddress(endPoint);
                await observer.OpenPagesAsync(endPoint, log, cancellation).ConfigureAwait(false);
            }
            if (settings.Otlp is { } collector) observer._export = OtlpExport.Start(collector, service, log, TailServer.MeterName, EdgeMetrics.MeterName);
            return observer;
        }
        catch
        {
            await observer.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Shows a server that is ready.</summary>
    public void Watch(TailServer server)
    {
        if (_pages is not null) Show(server);
        // The server's meter ends with it.
        if (_export is { } export) server.OnDrained = export.Flush;
    }

    public async ValueTask DisposeAsync()
    {
        if (_pages is not null) await _pages.DisposeAsync().ConfigureAwait(false);
        _export?.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    async Task OpenPagesAsync(IPEndPoint endPoint, ILogger log, CancellationToken cancellation)
    {
        try
        {
            StatusServer pages = await StatusServer.StartAsync(new StatusServerOptions { EndPoint = endPoint, Logger = log }, cancellation).ConfigureAwait(false);
            (_pages, EndPoint) = (pages, pages.EndPoint);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new IOException($"cannot serve pages on {endPoint}: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new IOException($"cannot serve pages on {endPoint}: {e.InnerException?.Message ?? e.Message}", e);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Show(TailServer server) => ((StatusServer)_pages!).Watch(server);
}
