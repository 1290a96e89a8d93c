using System.CommandLine;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;

namespace EdgeML.Cli.CommandLine;

/// <summary>The options that carry what a learning controller experienced from one device to another.</summary>
/// <param name="limit">What the help adds about the file that is written.</param>
sealed class ExperienceOptions(string limit = "")
{
    readonly Option<string?> _out = SharedOptions.OutputFile(
        "--experience-out", "FILE", $"Write what a learning controller experienced, for another device{limit}.");
    readonly Option<string?> _in = new("--experience-in")
    {
        HelpName = "FILE",
        Description = "Start a learning controller with what one experienced on another device.",
    };

    public IEnumerable<Option> All => [_out, _in];

    public ExperienceFiles Read(ParseResult parsed) => new(parsed.GetValue(_out), parsed.GetValue(_in));
}

/// <summary>Where experience goes and comes from; null for nowhere.</summary>
sealed record ExperienceFiles(string? Out, string? In)
{
    /// <exception cref="ArgumentException">One is given, and the controller does not learn.</exception>
    public void Check(string controller)
    {
        if ((In ?? Out) is null || PolicyControllers.LearningNames.Contains(controller)) return;
        string learning = string.Join(", ", PolicyControllers.LearningNames);
        throw new ArgumentException($"controller {controller} does not learn; --experience-in and --experience-out go with {learning}");
    }

    /// <summary>What another device experienced.</summary>
    public TransitionTrace? Load() => In is null ? null : TransitionTrace.Load(In);

    /// <summary>An empty one to fill, where one is to be written.</summary>
    public TransitionTrace? NewRecord() => Out is null ? null : new TransitionTrace();
}
