using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Processes;

/// <summary>A tail in its own process, on a free port of this machine.</summary>
sealed class TailProcess : IDisposable
{
    public const string Argument = "tail-process";

    readonly ChildProcess _process;

    /// <param name="package">The model.</param>
    /// <param name="maxBatch">Most requests that are computed together.</param>
    public TailProcess(string package, int maxBatch = 1)
    {
        _process = OwnProgram.Start(Argument, package, $"{maxBatch}");
        Port = int.Parse(_process.Line());
    }

    public int Port { get; }

    /// <summary>The operating system's number.</summary>
    public int Id => _process.Id;

    public TailClientOptions Client => new() { Host = "127.0.0.1", Port = Port };

    public void Dispose() => _process.Dispose();

    /// <summary>The other process: prints its port, serves to the end of its input.</summary>
    public static int Serve(ReadOnlySpan<string> args)
    {
        using var model = BranchedModel.Load(args[0]);
        var profile = DeviceProfiler.Measure(model, "tail", runs: 20);
        using var server = new TailServer(new ModelTailExecutor(model, profile, int.Parse(args[1])), new TailServerOptions());
        Console.WriteLine(server.EndPoint.Port);
        while (Console.In.Read() >= 0)
        {
        }
        return 0;
    }
}
