using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Offload;
using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.TailLoad;
using EdgeML.Benchmarks.Targets;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Numerics;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Tls;

/// <summary>The cost of mutual TLS 1.3: an offload over it beside a plain one, full handshakes, memory of idle connections.</summary>
static class TlsRun
{
    /// <summary>The hidden first argument that makes the program the tail.</summary>
    public const string ServerArgument = "tls-tails";

    const int Placements = 9, Rounds = 20, PerRound = 250, ModelRounds = 20, ModelPerRound = 50, WarmUp = 12_000, Cut = 4;
    const int Handshakes = 1500, AtATime = 8, Idle = 1000;
    const double MostRatio = 1.6, LeastHandshakes = 300, MostIdleKb = 48;

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--tls reads /proc, so it needs Linux");
        Console.Write(MachineResults.Versions());
        using var models = new BenchmarkModels(options);
        TargetRow[] rows = Measure(models.Shipped);
        Console.WriteLine("\n| what | measured | target | |\n|---|---|---|---|");
        foreach (TargetRow row in rows) Console.WriteLine($"| {row.What} | {row.Measured} | {row.Target} | {row.VerdictText} |");
        return rows.Any(row => row.Verdict == Verdict.Missed) ? 1 : 0;
    }

    /// <summary>The rows, with certificates made for them.</summary>
    public static TargetRow[] Measure(string package)
    {
        using var certificates = new BenchmarkCertificates();
        return [.. Measure(package, certificates, certificates.Device("device-1"))];
    }

    static IEnumerable<TargetRow> Measure(string package, BenchmarkCertificates certificates, TailTlsOptions ofDevice)
    {
        yield return Echo(package, certificates, ofDevice);
        using ChildProcess tails = Tails(package, certificates, out int[] ports);
        ModelManifest manifest;
        using (ModelPackage opened = ModelPackage.Open(package)) manifest = opened.Manifest;
        using (var plain = new ModelClient(ports[2], manifest, null))
        using (var encrypted = new ModelClient(ports[3], manifest, ofDevice))
        {
            (double first, double second) = Interleave(plain.SendAndWait, encrypted.SendAndWait, ModelRounds, ModelPerRound, WarmUp / 60);
            yield return TargetRow.Info($"the same with {manifest.Name} from cut {Cut} ({plain.Bytes} bytes)", Ratio(first, second));
        }
        SslClientAuthenticationOptions device = ofDevice.Load("localhost");
        device.AllowTlsResume = false;
        using Process tail = Process.GetProcessById(tails.Id);
        (double own, double others) = (Environment.CpuUsage.TotalTime.TotalMilliseconds, tail.TotalProcessorTime.TotalMilliseconds);
        double rate = HandshakesPerSecond(ports[1], device).GetAwaiter().GetResult();
        tail.Refresh();
        own = (Environment.CpuUsage.TotalTime.TotalMilliseconds - own) / Handshakes;
        others = (tail.TotalProcessorTime.TotalMilliseconds - others) / Handshakes;
        yield return TargetRow.AtLeast(
            "new connections per second, full handshakes on both sides, client on the same machine", rate, LeastHandshakes,
            string.Create(CultureInfo.InvariantCulture, $"{rate:0} (CPU each: tail {others:0.00} ms, client {own:0.00} ms)"), $">= {LeastHandshakes}");
        double each = IdleKb(tails.Id, ports[1], device);
        yield return TargetRow.AtMost($"memory per idle connection, of {Idle}", each, MostIdleKb, $"{each:0.0} KB", $"<= {MostIdleKb} KB");
    }

    /// <summary>Again with new processes and connections: where the system places their threads matters as much as the encryption.</summary>
    static TargetRow Echo(string package, BenchmarkCertificates certificates, TailTlsOptions ofDevice)
    {
        var ratios = new double[Placements];
        var (plainMicros, encryptedMicros) = (new double[Placements], new double[Placements]);
        for (int i = 0; i < Placements; i++)
        {
            using ChildProcess tails = Tails(package, certificates, out int[] ports);
            using var plain = new EchoClient(ports[0]);
            using var encrypted = new EchoClient(ports[1], ofDevice);
            (plainMicros[i], encryptedMicros[i]) = Interleave(plain.SendAndWait, encrypted.SendAndWait, Rounds, PerRound, WarmUp);
            ratios[i] = encryptedMicros[i] / plainMicros[i];
        }
        double ratio = Statistics.Median(ratios);
        return TargetRow.AtMost(
            "offload of 8 KB to an echo over TLS / plain, p50", ratio, MostRatio,
            string.Create(CultureInfo.InvariantCulture, $"{ratio:0.00} ({Statistics.Median(encryptedMicros):0.0} µs / {Statistics.Median(plainMicros):0.0} µs; median of {Placements} pairs of processes, {ratios.Min():0.00} to {ratios.Max():0.00})"),
            $"<= {MostRatio}");
    }

    static ChildProcess Tails(string package, BenchmarkCertificates certificates, out int[] ports)
    {
        ChildProcess tails = OwnProgram.Start(
            ServerArgument, package, certificates.TailCertificate, certificates.TailKey, certificates.CaPath);
        ports = [.. tails.Line().Split(' ').Select(int.Parse)];
        return tails;
    }

    /// <summary>The other process: echo and model, each plain and encrypted; prints four ports and serves to the end of its input.</summary>
    public static int Serve(ReadOnlySpan<string> args)
    {
        var tls = new TlsOptions { CertificatePath = args[1], KeyPath = args[2], ClientCaPath = args[3] };
        using var model = BranchedModel.Load(args[0]);
        DeviceProfile profile = DeviceProfiler.Measure(model, "tail", runs: 20);
        using var plainEcho = new TailServer(EchoClient.Executor, new TailServerOptions());
        using var echo = new TailServer(EchoClient.Executor, new TailServerOptions { Tls = tls });
        using var plain = new TailServer(new ModelTailExecutor(model, profile), new TailServerOptions());
        using var encrypted = new TailServer(new ModelTailExecutor(model, profile), new TailServerOptions { Tls = tls });
        Console.WriteLine($"{plainEcho.EndPoint.Port} {echo.EndPoint.Port} {plain.EndPoint.Port} {encrypted.EndPoint.Port}");
        while (Console.In.Read() >= 0)
        {
        }
        return 0;
    }

    static string Ratio(double first, double second) =>
        string.Create(CultureInfo.InvariantCulture, $"{second / first:0.00} ({second:0.0} µs / {first:0.0} µs)");

    /// <summary>Medians in microseconds, measured in turns.</summary>
    static (double First, double Second) Interleave(Action first, Action second, int rounds, int perRound, int warmUp)
    {
        Action[] both = [first, second];
        List<double>[] micros = [[], []];
        foreach (Action action in both)
            for (int i = 0; i < warmUp; i++) action();
        for (int round = 0; round < rounds; round++)
        {
            for (int which = 0; which < 2; which++)
            {
                for (int i = 0; i < perRound; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    both[which]();
                    micros[which].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
            }
        }
        foreach (List<double> all in micros) all.Sort();
        return (Statistics.Quantile(CollectionsMarshal.AsSpan(micros[0]), 0.5), Statistics.Quantile(CollectionsMarshal.AsSpan(micros[1]), 0.5));
    }

    static async Task<double> HandshakesPerSecond(int port, SslClientAuthenticationOptions device)
    {
        for (int i = 0; i < 20; i++) await using (await ConnectAsync(port, device)) { }
        int left = Handshakes;
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, AtATime).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await using (await ConnectAsync(port, device)) { }
        })));
        return Handshakes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static double IdleKb(int process, int port, SslClientAuthenticationOptions device)
    {
        Thread.Sleep(TimeSpan.FromSeconds(2));
        long before = ServerFigures.Memory(process);
        SslStream[] idle = [.. Enumerable.Range(0, Idle).Select(_ => ConnectAsync(port, device).GetAwaiter().GetResult())];
        Thread.Sleep(TimeSpan.FromSeconds(2));
        double each = (double)(ServerFigures.Memory(process) - before) / Idle;
        foreach (SslStream stream in idle) stream.Dispose();
        return each;
    }

    /// <summary>Connects, shakes hands in full, says hello, and waits for the answer.</summary>
    static async Task<SslStream> ConnectAsync(int port, SslClientAuthenticationOptions options)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(options);
        ModelManifest manifest = EchoClient.Executor.Manifest;
        await stream.WriteAsync(LoadClient.Frame(
            FrameKind.Hello, new HelloHeader(manifest.Identity, HelloHeader.EveryEncoding, "", manifest.CutsDigest).Write, []));
        byte[] answer = new byte[FramePrelude.Bytes];
        await stream.ReadExactlyAsync(answer);
        return stream;
    }

    /// <summary>Offloads the tensor of a cut.</summary>
    sealed class ModelClient : IDisposable
    {
        readonly TailClient _client;
        readonly SendBuffer _buffer;
        readonly float[] _logits;
        readonly ExitPolicy _policy;

        public ModelClient(int port, ModelManifest manifest, TailTlsOptions? tls)
        {
            _client = new TailClient(new TailClientOptions { Host = "127.0.0.1", Port = port, Tls = tls, CompleteInline = true }, manifest);
            _policy = new ExitPolicy(new float[manifest.SideExits], Cut);
            Bytes = PayloadSize.Of(manifest, BottleneckSet.None, _policy, TensorEncoding.Float32);
            _buffer = new SendBuffer(Bytes);
            _logits = new float[manifest.Classes];
            if (!_client.WaitUntilUp(TimeSpan.FromSeconds(10))) throw new InvalidOperationException($"tail is not up: {_client.LastFault}");
        }

        public int Bytes { get; }

        public void SendAndWait()
        {
            TailReply reply = _client.SendAndWait(
                new TailRequest
                {
                    Policy = _policy,
                    Encoding = TensorEncoding.Float32,
                    Payload = _buffer.Address,
                    PayloadBytes = Bytes,
                    DeadlineMs = 5000,
                }, _logits);
            if (reply.Outcome != TailOutcome.Answered) throw new InvalidOperationException($"tail: {reply.Outcome}");
        }

        public void Dispose() => _client.Dispose();
    }
}
