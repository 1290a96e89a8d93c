using System.Diagnostics;
using System.Globalization;
using System.Net;
using EdgeML.Cli.Demo;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Startup;

/// <summary>Starts a tail, connects as soon as it listens, and offloads one task at cut 0.</summary>
sealed class FirstRequest : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    readonly BranchedModel _model;
    readonly SendBuffer _input;
    readonly float[] _logits;

    public FirstRequest(string package)
    {
        _model = BranchedModel.Load(package);
        _input = new SendBuffer(_model.Manifest.BoundaryElements(0) * sizeof(float));
        _logits = new float[_model.Manifest.Classes];
    }

    /// <returns>Milliseconds from the start of the process to the answer, and the memory it needed at most until then.</returns>
    /// <exception cref="InvalidOperationException">There was no answer.</exception>
    public (double Ms, double MiB) Measure(string[] command)
    {
        long began = Stopwatch.GetTimestamp();
        using var process = ChildProcess.Start(command);
        IPEndPoint tail = TailProcess.ListeningAsync(process, s_limit).GetAwaiter().GetResult();
        using var client = new TailClient(new TailClientOptions { Host = "127.0.0.1", Port = tail.Port }, _model.Manifest);
        if (!client.WaitUntilUp(s_limit)) throw new InvalidOperationException($"no connection to the tail: {client.LastFault}");
        TailReply reply = client.SendAndWait(Request, _logits);
        double took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        return reply.Outcome == TailOutcome.Answered ? (took, PeakMemory(process.Id))
            : throw new InvalidOperationException($"the first request was not answered: {reply}");
    }

    TailRequest Request => new()
    {
        Policy = new ExitPolicy(new float[_model.Manifest.Exits.Count - 1], 0),
        Encoding = TensorEncoding.Float32,
        Payload = _input.Address,
        PayloadBytes = _input.Capacity,
        DeadlineMs = s_limit.TotalMilliseconds,
    };

    static double PeakMemory(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    public void Dispose() => _model.Dispose();
}
