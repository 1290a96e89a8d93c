using System.CommandLine;
using EdgeML.Native.Inference.Engines;
using EdgeML.Training.Data;

namespace EdgeML.Cli.CommandLine;

/// <summary><c>--backend</c> and its options, the same for every command that runs a model.</summary>
sealed class BackendSelection
{
    /// <summary>Help of <c>--backend</c>.</summary>
    public const string Text =
        "Inference library: ONNX Runtime on the CPU, TensorRT on a GPU, or ONNX Runtime's CUDA or TensorRT execution provider on a GPU (onnxruntime).";

    // In the order of ChainRoute.
    static readonly string[] s_routes = ["best", "device", "stages", "streams"];

    readonly Option<string?> _backend =
        SharedOptions.OneOf("--backend", Text, [.. BackendNames.All]);

    readonly Option<string?> _route =
        SharedOptions.OneOf("--route", "How a GPU runs a chain; with --backend tensorrt (best).", s_routes);

    readonly TrustSelection _trust = new();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_backend);
        command.Options.Add(_route);
        _trust.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_route) is not null && result.GetValue(_backend) != "tensorrt")
                result.AddError("--route goes with --backend tensorrt");
        });
    }

    /// <summary>The chosen backend.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="threads">Threads that compute one task on the CPU.</param>
    public BackendOptions Options(ParseResult parsed, int threads = 1) => new()
    {
        Kind = BackendNames.KindOf(parsed.GetValue(_backend)),
        Route = (ChainRoute)Math.Max(0, Array.IndexOf(s_routes, parsed.GetValue(_route))),
        Threads = threads,
        EngineFolder = EngineFolder,
        TrustedKeys = _trust.Keys(parsed),
        Logger = new BackendLog(parsed.GetValue(GlobalOptions.Verbose)),
    };

    /// <summary>The choice again, for another command of this kind.</summary>
    public IReadOnlyList<string> Arguments(ParseResult parsed)
    {
        var arguments = new List<string>();
        if (parsed.GetValue(_backend) is { } backend) arguments.AddRange(["--backend", backend]);
        if (parsed.GetValue(_route) is { } route) arguments.AddRange(["--route", route]);
        arguments.AddRange(_trust.Arguments(parsed));
        return arguments;
    }

    /// <summary>Where built engines are kept.</summary>
    public static string EngineFolder => Path.Combine(ProjectFolders.Engines, "tensorrt");

    /// <summary>Loads a package; building takes minutes on a GPU and is shown on stderr.</summary>
    public BranchedModel Load(
        ParseResult parsed, string folder, CancellationToken cancellation, int threads = 1, ComputeSelection? compute = null)
    {
        using var line = new BuildLine();
        BackendOptions options = Options(parsed, threads) with { Progress = line.Report, Cancellation = cancellation };
        return BranchedModel.Load(folder, compute?.Apply(parsed, options) ?? options);
    }
}
