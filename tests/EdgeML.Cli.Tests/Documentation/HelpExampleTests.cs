using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Commands;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>The help of every command ends with an example, and the first one works in a clone, after those above it.</summary>
public class HelpExampleTests
{
    static readonly Dictionary<string, string> s_notRun = new()
    {
        ["branch"] = "minutes",
        ["build"] = "needs a GPU",
        ["sweep"] = "minutes, and files of one's own",
        ["demo"] = "minutes",
    };

    static IEnumerable<Command> Commands => WithSubcommands(CliApplication.CreateRoot());

    static IEnumerable<Command> WithSubcommands(Command command) => [command, .. command.Subcommands.SelectMany(WithSubcommands)];

    [Fact]
    public void Examples_OfEveryCommand_ExistWithTheirOptions()
    {
        foreach (Command command in Commands)
        {
            IReadOnlyList<string> examples = HelpWithExamples.ExamplesOf(command);
            Assert.True(examples.Count > 0, $"{command.Name} has no example");
            foreach (PageCommand line in examples.SelectMany(example => Lines(command, example))) Assert.Null(CommandCheck.Fault(line));
        }
    }

    [Fact]
    public void FirstExample_OfEveryQuickCommand_Works()
    {
        using var session = new PageSession();
        foreach (CliCommand command in Commands.OfType<CliCommand>().Where(command => !s_notRun.ContainsKey(command.Name)))
            session.Run(Block(command, command.Examples[0]));
    }

    static CodeBlock Block(Command command, string example) => new($"help of {command.Name}", 1, "sh", false, [example]);

    static IEnumerable<PageCommand> Lines(Command command, string example) => PageCommand.Of(Block(command, example));
}
