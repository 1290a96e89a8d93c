using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Every command in a code block of a page is one that this build understands.</summary>
public partial class PageCommandTests
{
    static readonly string[] s_shells = ["sh", "bash", "console"];

    [GeneratedRegex("`edgeml ([^`]+)`")]
    static partial Regex Mention { get; }

    /// <summary>All pages of the repository but the change log, which names what there was.</summary>
    public static TheoryData<string> Pages
    {
        get
        {
            string root = EdgemlProcess.RepositoryRoot;
            IEnumerable<string> pages = Directory.EnumerateFiles(root, "*.md");
            foreach (string folder in (string[])["benchmarks", "docs", "engines", "findings", "models", "samples"])
            {
                if (Directory.Exists(Path.Combine(root, folder)))
                    pages = pages.Concat(Directory.EnumerateFiles(Path.Combine(root, folder), "*.md", SearchOption.AllDirectories));
            }
            return [.. pages.Select(page => Path.GetRelativePath(root, page)).Where(page => page != "CHANGELOG.md").Order()];
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Commands_OfAPage_ExistWithTheirOptions(string page)
    {
        var faults = new List<string>();
        foreach (CodeBlock block in CodeBlock.Of(page))
        {
            if (block.Language.Length > 0 && !s_shells.Contains(block.Language)) continue;
            PageCommand[] commands = [.. PageCommand.Of(block)];
            // A block without a language may be output, a picture or a list; its first line decides.
            if (block.Language.Length == 0 && !(commands.Length > 0 && CommandCheck.IsKnown(commands[0].Name))) continue;
            foreach (PageCommand command in commands)
                if (CommandCheck.Fault(command) is { } fault) faults.Add($"{command}\n    {fault}");
        }
        foreach (Match mention in Mention.Matches(File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, page))))
            if (CommandCheck.MentionFault(mention.Groups[1].Value.Split((char[])[' ', '\n', '[', ']', '|'], StringSplitOptions.RemoveEmptyEntries)) is { } fault)
                faults.Add($"{page}: {mention.Value}\n    {fault}");

        Assert.True(faults.Count == 0, $"{faults.Count} commands do not work:\n{string.Join('\n', faults)}");
    }

    [Theory]
    [InlineData("edgeml run --model m --data shapes:seed=1 --treshold 0.3", "'--treshold' is no option of run, did you mean --thresholds? edgeml run --help lists its options")]
    [InlineData("edgeml run --model m --data shape:seed=1", "data 'shape:seed=1': unknown kind 'shape', known are shapes:, cifar10:, cifar100:, images:, tensor:")]
    [InlineData("edgeml run --model m --data shapes:seed=1 --cut deep", "--cut is 'deep', not a number of units or 'local'")]
    [InlineData("sudo X=1 edgeml rum | jq .", "'rum' is no command, did you mean run? edgeml --help lists its options")]
    [InlineData("dotnet run -c Release --project src/EdgeML.Cli -- demo --quik", "'--quik' is no option of demo, did you mean --quick? edgeml demo --help lists its options")]
    [InlineData("dotnet build -c Release src/EdgeML.Cmd", "there is no project at src/EdgeML.Cmd")]
    [InlineData("dotnet test --filter No" + "SuchTest", "no test is named No" + "SuchTest")]
    [InlineData("dotnet run --project benchmarks/EdgeML.Benchmarks -- --check --only prodcts", "the benchmarks measure nothing named prodcts")]
    [InlineData("build/no-such.sh ~/headers", "there is no build/no-such.sh")]
    [InlineData("curl -O there", "'curl' is neither checked nor listed in OutsideCommands")]
    public void Fault_OfAWrongCommand_SaysWhat(string text, string fault)
    {
        var block = new CodeBlock("page.md", 1, "sh", false, [text]);

        Assert.Equal(fault, PageCommand.Of(block).Select(CommandCheck.Fault).First(said => said is not null));
    }
}
