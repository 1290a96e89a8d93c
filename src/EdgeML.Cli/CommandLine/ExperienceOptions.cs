using System.CommandLine;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;

namespace EdgeML.Cli.CommandLine;

/// <summary>The options that carry a learning controller's experience from one device to another.</summary>
/// <param name="limit">Addition to the help of the written file.</param>
sealed class ExperienceOptions(string limit = "")
{
    readonly Option<string?> _out = SharedOptions.OutputFile(
        "--experience-out", "FILE", $"Write a learning controller's experience, for another device{limit}.");
    readonly Option<string?> _in = new("--experience-in")
    {
        HelpName = "FILE",
        Description = "Start a learning controller with the experience of another device.",
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

    /// <summary>The experience of another device.</summary>
    public TransitionTrace? Load() => In is null ? null : TransitionTrace.Load(In);

    /// <summary>An empty one to fill, if one will be written.</summary>
    public TransitionTrace? NewRecord() => Out is null ? null : new TransitionTrace();
}
