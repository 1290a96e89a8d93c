using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using EdgeML.Benchmarks;
using EdgeML.Benchmarks.Checks;
using EdgeML.Benchmarks.Faults;
using EdgeML.Benchmarks.Int8;
using EdgeML.Benchmarks.Offload;
using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Soak;
using EdgeML.Benchmarks.Startup;
using EdgeML.Benchmarks.TailLoad;
using EdgeML.Benchmarks.Targets;
using EdgeML.Benchmarks.Tls;

try
{
    switch (args.FirstOrDefault())
    {
        case OffloadPingPong.ServerArgument: return OffloadPingPong.Serve();
        case TailProcess.Argument: return TailProcess.Serve(args.AsSpan(1));
        case EdgeProcess.Argument: return EdgeProcess.Serve(args.AsSpan(1));
        case "--check": return BudgetCheck.Run(Options.Parse(args.AsSpan(1)));
        case "--targets" or "--bars": return TargetsRun.Run(Options.Parse(args.AsSpan(1)));
        case "--tail": return TailLoadRun.Run(Options.Parse(args.AsSpan(1)));
        case "--faults": return FaultsRun.Run(Options.Parse(args.AsSpan(1)));
        case "--soak": return SoakRun.Run(Options.Parse(args.AsSpan(1)));
        case TlsRun.ServerArgument: return TlsRun.Serve(args.AsSpan(1));
        case "--tls": return TlsRun.Run(Options.Parse(args.AsSpan(1)));
        case "--int8": return Int8Run.Run(Options.Parse(args.AsSpan(1)));
        case "--processes": return StartupRun.Run(Options.Parse(args.AsSpan(1)));
        case null or "--help" or "-h" or "help":
            Console.WriteLine(Options.Help);
            return 0;
        default:
            // In this process: the generated project of the usual toolchain cannot be restored where the registry is incomplete.
            BenchmarkSwitcher.FromAssembly(typeof(Options).Assembly)
                .Run(args, DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)));
            return 0;
    }
}
catch (Exception error) when (error is ArgumentException or InvalidDataException or IOException)
{
    Console.Error.WriteLine($"edgeml-benchmarks: {error.Message}");
    return 2;
}
