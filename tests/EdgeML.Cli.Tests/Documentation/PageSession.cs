using System.Text;
using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Runs commands of a page in order, in a folder that holds the repository's models. A tail serves in the background until the
/// end; ports of the page are replaced by free ones.</summary>
sealed partial class PageSession : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(120);

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-tests-");
    readonly List<TailProcess> _tails = [];
    readonly Dictionary<string, string> _addresses = [];

    [GeneratedRegex(@"-?\d[\d.,]*")]
    static partial Regex Number { get; }

    [GeneratedRegex(@"\s+")]
    static partial Regex Spaces { get; }

    public PageSession()
    {
        string models = Path.Combine(EdgemlProcess.RepositoryRoot, "models");
        foreach (string file in Directory.EnumerateFiles(models, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(_folder.FullName, "models", Path.GetRelativePath(models, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "engines"));
    }

    /// <summary>What the commands of a block printed, with what they wrote to stderr.</summary>
    public string Run(CodeBlock block)
    {
        var printed = new StringBuilder();
        foreach (PageCommand command in PageCommand.Of(block)) printed.Append(Run(command));
        return printed.ToString();
    }

    /// <summary>The first line of an output block that was not printed in this order, numbers and spaces aside; null when all were.</summary>
    public static string? Missing(CodeBlock output, string printed)
    {
        string rest = Form(printed);
        foreach (string line in output.Lines.Where(line => line.Trim() is { Length: > 0 } text && text != "..."))
        {
            int at = rest.IndexOf(Form(line), StringComparison.Ordinal);
            if (at < 0) return line;
            rest = rest[(at + Form(line).Length)..];
        }
        return null;
    }

    static string Form(string text) => Spaces.Replace(Number.Replace(text, "#"), " ").Trim();

    string Run(PageCommand command)
    {
        string[] words = [.. command.Words.Skip(1).Select(word => _addresses.GetValueOrDefault(word, word))];
        if (command.Name == "edgeml" && words[0] == "tail")
        {
            int listen = Array.IndexOf(words, "--listen") + 1, model = Array.IndexOf(words, "--model") + 1;
            string host = words[listen].Split(':')[0];
            string[] more = [.. words.Where((_, i) => i > 0 && i != listen && i != listen - 1 && i != model && i != model - 1)
                .Select(word => File.Exists(Path.Combine(_folder.FullName, word)) ? Path.Combine(_folder.FullName, word) : word)];
            var tail = new TailProcess(Path.Combine(_folder.FullName, words[model]), $"{host}:0", more);
            _tails.Add(tail);
            _addresses[words[listen]] = tail.Address;
            return $"listening {tail.Address}\n";
        }
        Outcome outcome = command.Name == "edgeml"
            ? EdgemlProcess.RunIn(_folder.FullName, s_limit, words)
            : ChildProcess.Run([command.Name, .. words], s_limit, folder: _folder.FullName);
        Assert.True(outcome.ExitCode == 0, $"{command} ended with {outcome.ExitCode}\n{outcome.Output}{outcome.Error}");
        return outcome.Output + outcome.Error;
    }

    public void Dispose()
    {
        foreach (TailProcess tail in _tails) tail.Dispose();
        _folder.Delete(recursive: true);
    }
}
