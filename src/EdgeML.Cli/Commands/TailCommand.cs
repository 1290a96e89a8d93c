using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Server;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml tail</c>: serves until it is told to stop.</summary>
sealed class TailCommand : CliCommand
{
    const int ProfileRuns = 20;

    readonly Option<string> _model = SharedOptions.Model();
    readonly BackendSelection _backend = new();
    readonly Option<HostPort?> _listen = SharedOptions.Listen();
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads that compute one request (1).");
    readonly Option<bool> _loadFromInput = new("--load-from-stdin")
    {
        Description = "Emulate a loaded machine: every line on standard input is the factor by which computing is stretched from then on; the end of input stops the server.",
    };

    public TailCommand()
        : base("tail", "Serve the rest of the network to edge devices. Stops at SIGINT or SIGTERM after answering what is under way.",
            "edgeml tail --model engines/shapes-vgg --listen 0.0.0.0:7410")
    {
        AddOptions(_model, _listen, _threads, _loadFromInput);
        _backend.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var listen = parsed.GetValue(_listen)!.Value;
        using var model = _backend.Load(parsed, parsed.GetValue(_model)!, cancellation, parsed.GetValue(_threads) ?? 1);
        var profile = DeviceProfiler.Measure(model, Environment.MachineName, ProfileRuns, cancellation: cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var load = new LoadFactor();
        if (parsed.GetValue(_loadFromInput)) load.Follow(Console.In, stop);
        using var server = Listen(listen, new ModelTailExecutor(model, profile), new TailServerOptions
        {
            EndPoint = await ResolveAsync(listen, cancellation).ConfigureAwait(false),
            LoadFactor = () => load.Value,
            Logger = new ServerLog(parsed.GetValue(GlobalOptions.Verbose)),
        });
        Console.WriteLine($"listening {new HostPort(listen.Host, server.EndPoint.Port)}");
        await Console.Out.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        await WaitAsync(stop.Token).ConfigureAwait(false);
        return 0;
    }

    static TailServer Listen(HostPort address, ModelTailExecutor executor, TailServerOptions options)
    {
        try
        {
            return new TailServer(executor, options);
        }
        catch (SocketException e)
        {
            string hint = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "; another program listens there" : "";
            throw new IOException($"cannot listen on {address}: {e.Message}{hint}", e);
        }
    }

    static async Task<IPEndPoint> ResolveAsync(HostPort address, CancellationToken cancellation)
    {
        if (address.ToEndPoint() is IPEndPoint literal) return literal;
        IPAddress[] found;
        try
        {
            found = await Dns.GetHostAddressesAsync(address.Host, cancellation).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new IOException($"cannot listen on {address}: host {address.Host} is unknown: {e.Message}", e);
        }
        if (found.Length == 0) throw new IOException($"cannot listen on {address}: host {address.Host} has no address");
        return new IPEndPoint(found[0], address.Port);
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
