using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Whether the projects, paths and tests that a <c>dotnet</c> command names are there.</summary>
static partial class DotnetCheck
{
    static readonly string[] s_withValue = ["-c", "-r", "-o", "--filter", "--logger", "--project", "--verbosity", "-v"];
    static readonly string[] s_alone = ["--no-build", "--no-restore", "--self-contained"];

    static string Root => EdgemlProcess.RepositoryRoot;

    [GeneratedRegex(@"[A-Za-z]\w*(\.\w+)*")]
    static partial Regex Name { get; }

    /// <returns>What is wrong, or null.</returns>
    public static string? Fault(IReadOnlyList<string> words)
    {
        string verb = words.ElementAtOrDefault(1) ?? "";
        if (OutsideCommands.DotnetReasons.ContainsKey(verb)) return CommandCheck.MissingPath(words);
        if (verb is not ("run" or "test" or "build" or "pack" or "publish" or "format")) return $"dotnet '{verb}' is not checked";

        string? project = null, filter = null;
        int i = 2;
        for (; i < words.Count && words[i] != "--"; i++)
        {
            string word = words[i];
            if (s_withValue.Contains(word))
            {
                if (++i == words.Count) return $"{word} has no value";
                if (word == "--project") project = words[i];
                if (word == "--filter") filter = words[i];
            }
            else if (!word.StartsWith('-'))
            {
                project ??= word;
            }
            else if (!s_alone.Contains(word) && !word.StartsWith("-p:", StringComparison.Ordinal))
            {
                return $"dotnet {verb}: option {word} is not known here";
            }
        }
        if (verb == "run" && project is null) return "dotnet run names no --project";
        if (project is not null && !IsProject(project)) return IsOutside(project) ? null : $"there is no project at {project}";
        if (filter is not null && TestFault(filter) is { } fault) return fault;
        string[] arguments = [.. words.Skip(i + 1)];
        if (verb != "run") return null;
        return Path.GetFileName(project) switch
        {
            "EdgeML.Cli" => CommandCheck.EdgemlFault(arguments),
            "EdgeML.Benchmarks" => BenchmarkFault(arguments),
            _ => null,
        };
    }

    static bool IsProject(string path)
    {
        string full = Path.Combine(Root, path);
        return File.Exists(full) || (Directory.Exists(full)
            && Directory.EnumerateFiles(full).Any(file => Path.GetExtension(file) is ".csproj" or ".sln"));
    }

    /// <summary>A project that the page has the reader make.</summary>
    static bool IsOutside(string path) => path.TrimStart('.', '/') == "my-program";

    static string Sources(string folder) =>
        string.Concat(Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));

    static string? TestFault(string filter)
    {
        string tests = Sources(Path.Combine(Root, "tests"));
        string[] names = [.. Name.Matches(filter).Select(match => match.Value).Except(["FullyQualifiedName", "DisplayName"])];
        return names.FirstOrDefault(name => !tests.Contains(name, StringComparison.Ordinal)) is { } missing
            ? $"no test is named {missing}" : null;
    }

    /// <summary>The benchmarks' options are compared with their own help, the names with the sources.</summary>
    static string? BenchmarkFault(string[] arguments)
    {
        string folder = Path.Combine(Root, "benchmarks", "EdgeML.Benchmarks");
        string options = File.ReadAllText(Path.Combine(folder, "Options.cs"));
        string sources = Sources(folder);
        for (int i = 0; i < arguments.Length; i++)
        {
            string word = arguments[i];
            string value = arguments.ElementAtOrDefault(i + 1) ?? "";
            if (word.StartsWith("--", StringComparison.Ordinal) && !Regex.IsMatch(options, $@"{word}\b"))
                return $"the benchmarks have no option {word}";
            if (word == "--only" && value.Split(',').FirstOrDefault(name => !sources.Contains($"\"{name}\"")) is { } missing)
                return $"the benchmarks measure nothing named {missing}";
            if (word == "--filter" && !Directory.EnumerateFiles(Path.Combine(folder, "Benches"))
                    .Any(file => file.Contains(value.Trim('*'), StringComparison.Ordinal)))
                return $"no benchmark matches {value}";
        }
        return null;
    }
}
