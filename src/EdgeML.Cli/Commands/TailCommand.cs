using System.CommandLine;
using System.Globalization;
using System.Net;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Server;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml tail</c>: serves until a signal stops it.</summary>
sealed class TailCommand : CliCommand
{
    const int ProfileRuns = 20, MostTogether = 64;

    readonly Option<string> _model = SharedOptions.Model();
    readonly BackendSelection _backend = new();
    readonly ComputeSelection _compute = new();
    readonly Option<HostPort?> _listen = SharedOptions.Listen();
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads that compute one request (1).");
    readonly Option<int?> _maxBatch = SharedOptions.Count("--max-batch", "Most requests that are computed together, where the model is faster so (1; at most 64).");
    readonly Option<int?> _blockingThreads = SharedOptions.Whole(
        "--blocking-threads", "Threads that may block for clients that wait for each answer, one client each; 0 for none (one per core, at most 8).", 0,
        BackendOptions.MostThreads);
    readonly Option<FileInfo?> _certificate = new("--tls-cert") { HelpName = "FILE", Description = "Serve TLS 1.3 with this certificate (PEM); read again when it changes." };
    readonly Option<FileInfo?> _key = new("--tls-key") { HelpName = "FILE", Description = "Its private key (PEM)." };
    readonly Option<FileInfo?> _clientCa = new("--tls-ca") { HelpName = "FILE", Description = "Serve only clients with a certificate of these authorities (PEM)." };
    readonly Option<string[]> _allow = new("--allow") { HelpName = "NAME", Description = "Serve only devices with this name in their certificate; several by several options. Goes with --tls-ca." };
    readonly Option<bool> _insecure = SharedOptions.Insecure();
    readonly ObservingOptions _observing = new();
    readonly Option<bool> _loadFromInput = new("--load-from-stdin")
    {
        Description = "Emulate a loaded machine: every line on standard input is the factor by which computing is stretched from then on; the end of input stops the server.",
    };

    public TailCommand()
        : base("tail", "Serve the rest of the network to edge devices. Stops at SIGINT or SIGTERM after answering running requests.",
            "edgeml tail --model engines/shapes-vgg --listen 127.0.0.1:7410",
            "edgeml tail --model engines/shapes-vgg --listen 127.0.0.1:7410 --http 127.0.0.1:9410 --log json",
            "edgeml tail --model engines/shapes-vgg --listen 0.0.0.0:7410 --tls-cert tail.pem --tls-key tail.key")
    {
        AddOptions(_model, _listen, _threads, _maxBatch, _blockingThreads, _certificate, _key, _clientCa, _allow, _insecure, _loadFromInput);
        _compute.AddTo(this);
        _backend.AddTo(this);
        _observing.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var listen = parsed.GetValue(_listen)!.Value;
        TlsOptions? tls = Tls(parsed);
        int maxBatch = parsed.GetValue(_maxBatch) ?? 1;
        if (maxBatch > MostTogether) throw new ArgumentException($"--max-batch is {maxBatch}, not in 1..{MostTogether}");
        IPEndPoint endPoint = await listen.ResolveAsync(cancellation).ConfigureAwait(false);
        if (tls is null && !IPAddress.IsLoopback(endPoint.Address) && !parsed.GetValue(_insecure))
            throw new ArgumentException(
                $"{listen} can be reached over a network, and nothing encrypts it: give --tls-cert and --tls-key, or --insecure where the network is trusted");
        ObservingSettings observing = _observing.Read(parsed);
        ILogger log = observing.CreateLog();
        await using ServerObserver observer = await ServerObserver.StartAsync(observing, "edgeml-tail", log, cancellation).ConfigureAwait(false);
        using var model = _backend.Load(parsed, parsed.GetValue(_model)!, cancellation, parsed.GetValue(_threads) ?? 1, _compute);
        var profile = DeviceProfiler.Measure(model, Environment.MachineName, ProfileRuns, cancellation: cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var load = new LoadFactor();
        if (parsed.GetValue(_loadFromInput)) load.Follow(Console.In, stop);
        var defaults = new TailServerOptions();
        var options = defaults with
        {
            EndPoint = endPoint,
            BlockingThreads = parsed.GetValue(_blockingThreads) ?? defaults.BlockingThreads,
            WarmUp = true,
            Tls = tls,
            Identities = Identities(parsed),
            LoadFactor = () => load.Value,
            Logger = log,
            ReservedDescriptors = observer.Descriptors,
        };
        using TailServer server = ListenFault.Explain(listen, () => new TailServer(new ModelTailExecutor(model, profile, maxBatch), options));
        observer.Watch(server);
        Console.WriteLine($"listening {new HostPort(listen.Host, server.EndPoint.Port)}");
        if (observer.EndPoint is { } pages) Console.WriteLine($"pages http://{pages}/");
        await Console.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        await WaitAsync(stop.Token).ConfigureAwait(false);
        return 0;
    }

    Dictionary<string, IdentityRule>? Identities(ParseResult parsed)
    {
        if (parsed.GetValue(_allow) is not { Length: > 0 } names) return null;
        if (parsed.GetValue(_clientCa) is null) throw new ArgumentException("--allow goes with --tls-ca: a name is that of a certificate");
        return names.Distinct().ToDictionary(name => name, _ => new IdentityRule());
    }

    /// <exception cref="ArgumentException">Options that need each other.</exception>
    TlsOptions? Tls(ParseResult parsed)
    {
        (FileInfo? certificate, FileInfo? key, FileInfo? ca) = (parsed.GetValue(_certificate), parsed.GetValue(_key), parsed.GetValue(_clientCa));
        if (certificate is null && key is null && ca is null) return null;
        if (certificate is null || key is null) throw new ArgumentException("TLS needs --tls-cert and --tls-key");
        return new TlsOptions { CertificatePath = certificate.FullName, KeyPath = key.FullName, ClientCaPath = ca?.FullName };
    }

    static async Task WaitAsync(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using (stop.Register(stopped.SetResult)) await stopped.Task.ConfigureAwait(false);
    }

    /// <summary>The factor in force, fed by lines of text.</summary>
    sealed class LoadFactor
    {
        double _value = 1;

        public double Value => Volatile.Read(ref _value);

        public void Follow(TextReader lines, CancellationTokenSource atEnd)
        {
            var reader = new Thread(() =>
            {
                try
                {
                    Read(lines);
                }
                catch (Exception e) when (e is IOException or ObjectDisposedException)
                {
                    // Input or error output that breaks is the end of the input.
                }
                try
                {
                    atEnd.Cancel();
                }
                catch (ObjectDisposedException)
                {
                    // Already stopping for another reason.
                }
            })
            {
                IsBackground = true,
                Name = "edgeml load",
            };
            reader.Start();
        }

        void Read(TextReader lines)
        {
            while (lines.ReadLine() is { } line)
            {
                if (double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out double factor) && factor is >= 1 and <= 1000)
                    Volatile.Write(ref _value, factor);
                else
                    Console.Error.WriteLine($"edgeml: load factor is '{line}', not a number in 1..1000");
            }
        }
    }
}
