using System.CommandLine;
using System.CommandLine.Parsing;

namespace EdgeML.Cli.CommandLine;

/// <summary>What was wrong with a command line, as one line.</summary>
static class ParseErrorText
{
    public static string Describe(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string help = $"; edgeml {(command is RootCommand ? "" : PathOf(parsed.CommandResult) + " ")}--help shows what it takes";
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            string kind = token.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            string where = command is RootCommand ? "" : $" of {PathOf(parsed.CommandResult)}";
            return ErrorReport.OneLine($"'{token}' is no {kind}{where}{help}");
        }
        if (command.Subcommands.Count > 0) return $"a command is missing{help}";
        return ErrorReport.OneLine(parsed.Errors[0].Message.TrimEnd('.')) + help;
    }

    static string PathOf(CommandResult result)
    {
        var names = new List<string>();
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } step; at = step.Parent)
            names.Insert(0, step.Command.Name);
        return string.Join(' ', names);
    }
}
