using System.CommandLine;
using System.CommandLine.Parsing;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Commands;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Whether a command line of a page could work in this build; nothing is run.</summary>
static class CommandCheck
{
    static readonly string[] s_folders = ["benchmarks/", "build/", "docs/", "findings/", "models/", "native/", "samples/", "src/", "tests/"];

    /// <summary>Whether the first word is one that is checked or listed in <see cref="OutsideCommands"/>.</summary>
    public static bool IsKnown(string name) =>
        IsEdgeml(name) || name == "dotnet" || IsScript(name) || OutsideCommands.Reasons.ContainsKey(name);

    /// <returns>What is wrong, or null.</returns>
    public static string? Fault(PageCommand command) => command.Name switch
    {
        { } name when IsEdgeml(name) => EdgemlFault([.. command.Words.Skip(1)]),
        "dotnet" => DotnetCheck.Fault(command.Words),
        { } name when IsScript(name) => MissingPath(command.Words),
        { } name when OutsideCommands.Reasons.ContainsKey(name) => MissingPath(command.Words),
        { } name => $"'{name}' is neither checked nor listed in {nameof(OutsideCommands)}",
    };

    /// <summary>Parses with the command's own definitions, then reads specifications of data and links.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? EdgemlFault(string[] words)
    {
        ParseResult parsed = CliApplication.Parse([.. words.Select(WithValues)]);
        // Folders of results are the reader's.
        string[] errors = [.. parsed.Errors.Select(error => error.Message).Where(error => !error.Contains(", but there is no folder "))];
        if (errors.Length > 0) return parsed.UnmatchedTokens.Count > 0 ? ParseErrorText.Describe(parsed) : errors[0];
        foreach (OptionResult option in parsed.CommandResult.Children.OfType<OptionResult>().Where(option => option.Option.HelpName == "SPEC"))
        {
            try
            {
                foreach (Token token in option.Tokens) CheckSpec(option.Option.Name, token.Value);
            }
            catch (ArgumentException error)
            {
                return error.Message;
            }
        }
        return null;
    }

    /// <summary>For commands in running text, which name some options only: whether command and options exist.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? MentionFault(string[] words)
    {
        words = OldNames.Replace(words);
        RootCommand root = CliApplication.CreateRoot();
        Command command = root;
        int i = 0;
        for (; i < words.Length && command.Subcommands.FirstOrDefault(sub => sub.Name == words[i]) is { } next; i++) command = next;
        bool isPlaceholder = i < words.Length && words[i].All(char.IsAsciiLetterUpper);
        if (command is RootCommand && i < words.Length && !isPlaceholder && !words[i].StartsWith('-')) return $"'{words[i]}' is no command";
        foreach (string word in words.Skip(i).Where(word => word.StartsWith("--", StringComparison.Ordinal)))
        {
            string name = word.Split('=', ' ')[0];
            if (!command.Options.Concat(root.Options).Any(option => option.Name == name || option.Aliases.Contains(name)))
                return $"'{name}' is no option of {command.Name}";
        }
        return null;
    }

    /// <returns>The first word that names a path of the repository where there is none, as a message; or null.</returns>
    public static string? MissingPath(IEnumerable<string> words)
    {
        string? missing = words.FirstOrDefault(word => s_folders.Any(folder => word.StartsWith(folder, StringComparison.Ordinal))
            && !Path.Exists(Path.Combine(EdgemlProcess.RepositoryRoot, word)));
        return missing is null ? null : $"there is no {missing}";
    }

    static void CheckSpec(string option, string text)
    {
        if (option != "--link") DataSpec.Parse(text);
        else if (text.Contains(':')) LinkCourse.Parse(text); // everything else is a file
    }

    static bool IsEdgeml(string name) => name == "edgeml" || name.EndsWith("/edgeml", StringComparison.Ordinal);

    static bool IsScript(string name) => name.EndsWith(".sh", StringComparison.Ordinal) || name == ".ci/run";

    static string WithValues(string word) => word.EndsWith(":PORT", StringComparison.Ordinal) ? word[..^4] + "7410" : word;
}
