using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Blocks with <c>&lt;!-- run --&gt;</c> before them work as written, in order, and print what the page shows after them.</summary>
public class PageRunTests
{
    public static TheoryData<string> MarkedPages =>
        [.. PageCommandTests.Pages.Select(row => row.Data).Where(page => CodeBlock.Of(page).Any(block => block.IsMarked))];

    [Theory]
    [MemberData(nameof(MarkedPages))]
    public void MarkedBlocks_InOrder_PrintWhatThePageShows(string page)
    {
        using var session = new PageSession();
        string? printed = null;
        foreach (CodeBlock block in CodeBlock.Of(page))
        {
            if (block.Language == "text" && printed is not null)
            {
                string? missing = PageSession.Missing(block, printed);
                Assert.True(missing is null, $"{page}:{block.Line} shows\n{missing}\nbut printed was\n{printed}");
            }
            printed = block.IsMarked ? session.Run(block) : null;
        }
    }

    [Fact]
    public void Tutorial_EveryEdgemlCommand_IsMarkedToRun()
    {
        CodeBlock[] blocks = [.. CodeBlock.Of("docs/tutorial.md")];
        Assert.True(blocks.Count(block => block.IsMarked) > 7);
        Assert.All(blocks.Where(block => block.Language == "sh" && !block.IsMarked),
            block => Assert.DoesNotContain(PageCommand.Of(block), command => command.Name == "edgeml"));
    }

    [Fact]
    public void TutorialExample_InThePage_IsTheCodeThatIsCompiledHere()
    {
        string source = File.ReadAllText(
            Path.Combine(EdgemlProcess.RepositoryRoot, "tests", "EdgeML.Cli.Tests", "Documentation", "TutorialExample.cs"));
        string body = Regex.Match(source, "// Tutorial begins\n(.*?) *// Tutorial ends", RegexOptions.Singleline).Groups[1].Value;
        string usings = string.Concat(Regex.Matches(source, "^using .*\n", RegexOptions.Multiline).Select(match => match.Value));

        CodeBlock example = Assert.Single(CodeBlock.Of("docs/tutorial.md"), block => block.Language == "csharp");

        Assert.Equal((usings + "\n" + Regex.Replace(body, "^ {8}", "", RegexOptions.Multiline)).TrimEnd(), string.Join('\n', example.Lines));
    }
}
