using System.CommandLine;
using System.Text.RegularExpressions;
using EdgeML.Cli.Commands;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>A text of the project that people read.</summary>
/// <param name="Name">Path below the repository's root, or a command line of help.</param>
/// <param name="Kind">One kind.</param>
/// <param name="Text">With the line breaks of the file; everything but comments and string literals is blanked out.</param>
sealed partial record WrittenText(string Name, TextKinds Kind, string Text)
{
    static readonly string[] s_folders = ["docs", "benchmarks", "models", "findings", "samples", "src", "native"];
    static readonly string[] s_pages = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];

    // Character literals first, so that their quotes do not begin a string; raw strings before ordinary ones. Of an interpolated string
    // the braces belong to it with the strings inside.
    [GeneratedRegex(
        """
        '(?:\\.[^']*|[^'\\\n])'|""\"(?s:.*?)""\"|\$"(?:\{\{|\{(?:[^{}\n]|(?<o>\{)|(?<-o>\}))*(?(o)(?!))\}|\\.|[^"\\{\n])*"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*(?s:.*?)\*/
        """)]
    static partial Regex Readable { get; }

    [GeneratedRegex(@"(?<=^[ \t]*)(?:///?|/\*+|\*(?!/)|\*/)|^//+|""|\*/", RegexOptions.Multiline)]
    static partial Regex Mark { get; }

    /// <summary>All of them.</summary>
    public static IEnumerable<WrittenText> All() => Files().Concat(Help(CliApplication.CreateRoot(), ""));

    /// <summary>The text of a file by its ending; null for files that are not read by people.</summary>
    public static WrittenText? Of(string path, string content) => Path.GetExtension(path) switch
    {
        ".md" => new WrittenText(path, TextKinds.Pages, content),
        ".sh" or ".js" when path.StartsWith("findings/", StringComparison.Ordinal) => new WrittenText(path, TextKinds.Pages, content),
        ".cs" or ".h" or ".cpp" or ".c" or ".cu" => new WrittenText(path, TextKinds.Source, CommentsAndStrings(content)),
        _ => null,
    };

    static IEnumerable<WrittenText> Files()
    {
        string root = EdgemlProcess.RepositoryRoot;
        IEnumerable<string> paths = s_pages.Concat(s_folders.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/')))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "_site" || part.StartsWith("build", StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal));
        foreach (string path in paths)
        {
            if (Path.GetExtension(path) is not (".md" or ".sh" or ".js" or ".cs" or ".h" or ".cpp" or ".c" or ".cu")) continue;
            if (Of(path, File.ReadAllText(Path.Combine(root, path))) is { } text) yield return text;
        }
    }

    static IEnumerable<WrittenText> Help(Command command, string above)
    {
        string name = $"{above} {command.Name}".Trim();
        if (command.Hidden) yield break;
        yield return new WrittenText($"{name} --help", TextKinds.Help, command.Description ?? "");
        foreach (Option option in command.Options.Where(option => !option.Hidden))
            yield return new WrittenText($"{name} {option.Name}", TextKinds.Help, option.Description ?? "");
        foreach (Argument argument in command.Arguments)
            yield return new WrittenText($"{name} {argument.Name}", TextKinds.Help, argument.Description ?? "");
        foreach (WrittenText text in command.Subcommands.SelectMany(inner => Help(inner, name))) yield return text;
    }

    /// <summary>A text of the same length and lines, in which code is a character that no rule matches.</summary>
    static string CommentsAndStrings(string code)
    {
        char[] text = [.. code.Select(c => char.IsWhiteSpace(c) ? c : '\u0001')];
        foreach (Match match in Readable.Matches(code))
        {
            if (match.ValueSpan[0] == '\'') continue;
            string readable = Mark.Replace(match.Value, mark => new string(' ', mark.Length));
            readable.CopyTo(0, text, match.Index, match.Length);
        }
        return new string(text);
    }
}
