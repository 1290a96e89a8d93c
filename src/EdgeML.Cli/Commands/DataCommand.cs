using System.CommandLine;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml data</c>: data sets of our own making.</summary>
sealed class DataCommand : Command
{
    public DataCommand()
        : base("data", "Write data sets.") => Subcommands.Add(new DataShapesCommand());
}
