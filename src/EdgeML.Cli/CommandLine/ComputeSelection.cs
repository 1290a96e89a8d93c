using System.CommandLine;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Cli.CommandLine;

/// <summary><c>--cores</c> and <c>--realtime</c>: where the threads that compute run, and before whom.</summary>
sealed class ComputeSelection
{
    /// <summary>Help of <c>--cores</c>.</summary>
    public const string CoresText = "Cores to compute on, such as 2,3 or 2-5: at least one per thread, among those that this process may use.";

    /// <summary>Help of <c>--realtime</c>.</summary>
    public const string RealTimeText =
        "Real-time priority while computing, 1..99; needs the right to it. Everything else on those cores waits until a task is computed.";

    readonly Option<int[]?> _cores = new("--cores") { HelpName = "LIST", Description = CoresText, CustomParser = Parse.Cores };
    readonly Option<int?> _realTime = new("--realtime")
    {
        HelpName = "PRIORITY",
        Description = RealTimeText,
        CustomParser = result => Parse.Whole(result, 1, BackendOptions.MostPriority),
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_cores);
        command.Options.Add(_realTime);
    }

    /// <summary>The options with this choice.</summary>
    public BackendOptions Apply(ParseResult parsed, BackendOptions options) =>
        options with { Cores = parsed.GetValue(_cores) ?? [], RealTimePriority = parsed.GetValue(_realTime) ?? 0 };
}
