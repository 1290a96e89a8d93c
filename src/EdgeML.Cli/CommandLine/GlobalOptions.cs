using System.CommandLine;

namespace EdgeML.Cli.CommandLine;

/// <summary>Options every command understands.</summary>
static class GlobalOptions
{
    public static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show the stack trace behind an error, and what the inference library logs.",
        Recursive = true,
    };
}
