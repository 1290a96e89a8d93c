using System.CommandLine;
using System.CommandLine.Parsing;
using EdgeML.Native;

namespace EdgeML.Cli.CommandLine;

/// <summary>The fault of a command line, in one line.</summary>
static class ParseErrorText
{
    public static string Describe(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string fault = ErrorReport.OneLine(Fault(parsed, command));
        string path = command is RootCommand ? "" : PathOf(parsed.CommandResult) + " ";
        return $"{fault}{(fault.EndsWith('?') ? "" : ";")} edgeml {path}--help lists its options";
    }

    static string Fault(ParseResult parsed, Command command)
    {
        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            string kind = token.StartsWith('-') ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            string where = command is RootCommand ? "" : $" of {PathOf(parsed.CommandResult)}";
            string hint = NearestName.Hint(token.Split('=')[0], kind == "option" ? OptionsOf(parsed) : command.Subcommands.Select(each => each.Name));
            return $"'{token}' is no {kind}{where}{hint}";
        }
        if (command.Subcommands.Count > 0) return "a command is missing";
        return parsed.Errors[0].Message.TrimEnd('.');
    }

    static IEnumerable<string> OptionsOf(ParseResult parsed)
    {
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult step; at = step.Parent)
            foreach (Option option in step.Command.Options)
                if (at == parsed.CommandResult || option.Recursive) yield return option.Name;
    }

    static string PathOf(CommandResult result)
    {
        var names = new List<string>();
        for (SymbolResult? at = result; at is CommandResult { Command: not RootCommand } step; at = step.Parent)
            names.Insert(0, step.Command.Name);
        return string.Join(' ', names);
    }
}
