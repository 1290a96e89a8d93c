using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests;

/// <summary>The current folder belongs to the whole process, so nothing runs beside this.</summary>
[CollectionDefinition(nameof(ReadmeTests), DisableParallelization = true)]
public sealed class ReadmeCollection;

[Collection(nameof(ReadmeTests))]
public class ReadmeTests
{
    static string Readme => File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, "README.md"));

    [Fact]
    public void Example_InReadme_IsTheCodeThatIsCompiledHere()
    {
        string source = File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, "tests", "EdgeML.Cli.Tests", "ReadmeExample.cs"));
        string body = Regex.Match(source, "// README begins\n(.*?) *// README ends", RegexOptions.Singleline).Groups[1].Value;
        string usings = string.Concat(Regex.Matches(source, "^using .*\n", RegexOptions.Multiline).Select(match => match.Value));

        string example = Regex.Match(Readme, "```csharp\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;

        Assert.Equal(usings + "\n" + Regex.Replace(body, "^ {8}", "", RegexOptions.Multiline), example);
    }

    [Fact]
    public void Example_InAFolderWithTheModel_AnswersWithoutATail()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-tests-");
        string before = Environment.CurrentDirectory;
        TextWriter console = Console.Out;
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "models"));
            File.Copy(Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx"),
                Path.Combine(folder.FullName, "models", "shapes-vgg.onnx"));
            Directory.CreateDirectory(Path.Combine(folder.FullName, "engines"));
            Environment.CurrentDirectory = folder.FullName;
            var written = new StringWriter();
            Console.SetOut(written);

            ReadmeExample.Run();

            Assert.Matches(@"^class \d from exit [1-4] in [\d.]+ ms, offloaded: (True|False)\s*$", written.ToString());
        }
        finally
        {
            Console.SetOut(console);
            Environment.CurrentDirectory = before;
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Links_InPages_LeadToFiles()
    {
        string root = EdgemlProcess.RepositoryRoot;
        string[] pages = [.. Directory.EnumerateFiles(root, "*.md"), .. ((string[])["docs", "samples", "findings", "benchmarks", "models", ".github"])
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories))];
        Assert.True(pages.Length > 20, $"{pages.Length} pages");
        var dead = new List<string>();
        foreach (string page in pages.Where(page => !page.Contains("/bin/") && !page.Contains("/obj/")))
            foreach (Match link in Regex.Matches(File.ReadAllText(page), @"\]\(([^)#\s]+)(#[^)]*)?\)|src(?:set)?=""([^""]+)"""))
            {
                string target = link.Groups[1].Success ? link.Groups[1].Value : link.Groups[3].Value;
                if (!target.Contains("://") && !Path.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))) dead.Add($"{page}: {target}");
            }
        Assert.Empty(dead);
    }

    [Fact]
    public void CommandsPage_ListsEveryCommand()
    {
        string page = File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, "docs", "reference", "commands.md"));
        string help = EdgemlProcess.Run("--help").Output;
        string list = help[help.IndexOf("Commands:", StringComparison.Ordinal)..help.IndexOf("Examples:", StringComparison.Ordinal)];
        string[] commands = [.. Regex.Matches(list, @"\n  ([a-z][\w-]+) ").Select(match => match.Groups[1].Value)];
        Assert.True(commands.Length > 10, help);
        Assert.All(commands, command => Assert.Contains($"`edgeml {command}", page));
    }
}
