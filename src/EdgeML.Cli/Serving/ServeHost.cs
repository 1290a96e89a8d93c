using System.Net;
using System.Runtime.InteropServices;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
using EdgeML.Native.Inference.Engines;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Server.Rollout;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Serving;

/// <summary>Runs a server by a configuration: models first, then clients, then changes until the end.</summary>
/// <param name="settings">Sound.</param>
/// <param name="reload">Reads the configuration again.</param>
/// <param name="observing">Pages, export and log.</param>
/// <param name="verbose">Whether the inference library's log is shown.</param>
sealed class ServeHost(ServeSettings settings, Func<ServeSettings> reload, ObservingSettings observing, bool verbose)
{
    /// <summary>Serves until cancelled; then answers the requests on the way.</summary>
    /// <exception cref="IOException">The address cannot be had.</exception>
    /// <exception cref="InvalidDataException">A package or certificate cannot be used; one line each.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        ILogger log = observing.CreateLog();
        // Before models are loaded: it takes seconds, and without a handler the signal ends the process.
        using var asked = new SemaphoreSlim(0);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            asked.Release();
        });
        await using ServerObserver observer = await ServerObserver.StartAsync(observing, "edgeml-serve", log, cancellation).ConfigureAwait(false);
        await ServeAsync(observer, log, asked, cancellation).ConfigureAwait(false);
    }

    async Task ServeAsync(ServerObserver observer, ILogger log, SemaphoreSlim asked, CancellationToken cancellation)
    {
        ServeConfiguration configuration = settings.Configuration;
        HostPort listen = ListenOf(configuration);
        IPEndPoint endPoint = await listen.ResolveAsync(cancellation).ConfigureAwait(false);
        CheckEncrypted(configuration, listen, endPoint);
        TailServerOptions options = settings.ServerOptions() with { EndPoint = endPoint, Logger = log, ReservedDescriptors = observer.Descriptors };
        await using TailServer server = ListenFault.Explain(listen, () => new TailServer(options, null, isOpen: false));
        var rollout = new ModelRollout(server, Loader(cancellation), log);
        try
        {
            IReadOnlyList<string> faults = rollout.Apply(configuration.Models!, isAsked: true);
            if (faults.Count > 0) throw new InvalidDataException(string.Join("; ", faults));
            ListenFault.Explain(listen, server.Open);
            observer.Watch(server);
            Console.WriteLine($"listening {new HostPort(listen.Host, server.EndPoint.Port)}");
            if (observer.EndPoint is { } pages) Console.WriteLine($"pages http://{pages}/");
            await Console.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            await FollowAsync(new ServeReload(server, rollout, settings, reload, log), asked, cancellation).ConfigureAwait(false);
        }
        finally
        {
            // Its models are freed after the server has answered.
            await server.DisposeAsync().ConfigureAwait(false);
            await rollout.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Takes up changes until cancelled.</summary>
    static async Task FollowAsync(ServeReload changes, SemaphoreSlim asked, CancellationToken cancellation)
    {
        while (true)
        {
            double seconds = changes.Current.WatchSeconds!.Value;
            TimeSpan wait = seconds > 0 ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
            try
            {
                bool isAsked = await asked.WaitAsync(wait, cancellation).ConfigureAwait(false);
                changes.Run(isAsked);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>The address as written.</summary>
    public static HostPort ListenOf(ServeConfiguration configuration)
    {
        _ = ListenAddress.TryParse(configuration.Listen!, out ListenAddress address);
        return new HostPort(address.Host, address.Port);
    }

    /// <summary>Refuses a name that turns out to be an address on a network, without encryption.</summary>
    /// <exception cref="ArgumentException">It is.</exception>
    public static void CheckEncrypted(ServeConfiguration configuration, HostPort listen, IPEndPoint endPoint)
    {
        if (configuration.Tls is null && configuration.Insecure != true && !IPAddress.IsLoopback(endPoint.Address))
            throw new ArgumentException($"listen is {listen}, {ServeRules.Exposed}");
    }

    PackageLoader Loader(CancellationToken cancellation)
    {
        BackendOptions backend = Backend(settings.Configuration) with
        {
            TrustedKeys = settings.Trusted(),
            Logger = new BackendLog(verbose),
            Cancellation = cancellation,
        };
        return new PackageLoader(name => ComputeRules.Options(settings.Configuration, name, backend), settings.Configuration.MaxBatch!.Value);
    }

    /// <summary>The inference library, as it is for every model.</summary>
    public static BackendOptions Backend(ServeConfiguration configuration) => new()
    {
        Kind = BackendNames.KindOf(configuration.Backend),
        EngineFolder = BackendSelection.EngineFolder,
    };
}
