using System.CommandLine;

namespace EdgeML.Cli.CommandLine;

/// <summary>A command with examples in its help. Subclasses keep their options as fields, add them in the constructor and act in
/// <see cref="RunAsync"/>.</summary>
abstract class CliCommand : Command
{
    protected CliCommand(string name, string description, params string[] examples)
        : base(name, description)
    {
        Examples = examples;
        SetAction((parsed, cancellation) =>
        {
            StandardOutput.Route(parsed);
            return RunAsync(parsed, cancellation);
        });
    }

    /// <summary>Command lines that work as they stand, shown under the options.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>Runs the command.</summary>
    /// <param name="parsed">The parsed command line; values are valid.</param>
    /// <param name="cancellation">Signalled by Ctrl+C and SIGTERM.</param>
    /// <returns>The exit code; errors are thrown (ArgumentException, InvalidDataException and missing files end in 2, the rest in
    /// 1).</returns>
    protected abstract Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation);

    protected void AddOptions(params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options) Options.Add(option);
    }
}

/// <summary>Options every command understands.</summary>
static class GlobalOptions
{
    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show the stack trace of an error, and the inference library's log.",
        Recursive = true,
    };
}
