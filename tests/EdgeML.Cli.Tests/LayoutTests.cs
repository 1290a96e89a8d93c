using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public class LayoutTests
{
    [Theory]
    [InlineData("latency      mean 2.14 ms, p50 1.08, p99 10.37", "latency      mean 2.14 ms, p50|             1.08, p99 10.37")]
    [InlineData("a sentence of many words, of which the last is last", "a sentence of many words, of|  which the last is last")]
    [InlineData("    looked at /a/path/that/is/longer/than/a/line", "    looked at|    /a/path/that/is/longer/than/a/line")]
    [InlineData("file  /a/path/that/is/longer/than/a/line and more", "file  /a/path/that/is/longer/than/a/line|      and more")]
    [InlineData("short", "short")]
    [InlineData("", "")]
    public void Lines_OfALongText_BreakBetweenWords(string text, string expected) =>
        Assert.Equal(expected.Split('|'), Terminal.Lines(text, 30));

    [Fact]
    public void Lines_WithoutAWidth_AreOne() => Assert.Single(Terminal.Lines(new string('a', 500) + " and more", width: null));

    static TextTable Table()
    {
        TextTable table = new TextTable().Left("policy").Right("median ms");
        table.Row("cut 1, exits below 0.02, fp16", "165.3");
        table.Row("cut 2", "36.1");
        return table;
    }

    [Fact]
    public void Aligned_ThatFits_HasOneLinePerRow() => Assert.Equal(
        [
            "policy                         median ms", "────────────────────────────────────────", "cut 1, exits below 0.02, fp16      165.3",
            "cut 2                               36.1",
        ],
        Table().Aligned(null));

    [Fact]
    public void Aligned_NarrowTerminal_FoldsHeadingsAndTheWidestColumn() => Assert.Equal(
        [
            "policy              median", "                        ms", "──────────────────────────", "cut 1, exits below   165.3", "0.02, fp16",
            "cut 2                 36.1",
        ],
        Table().Aligned(26));

    [Fact]
    public void Markdown_OfATable_IsNotFolded() =>
        Assert.Equal(
            ["| policy | median ms |", "|---|---:|", "| cut 1, exits below 0.02, fp16 | 165.3 |", "| cut 2 | 36.1 |"], Table().Markdown());

    [Fact]
    public void ExampleLines_OnATerminal_ContinueWithABackslash()
    {
        const string example = "edgeml run --model engines/shapes-vgg --data shapes:seed=1 --json -";

        Assert.Equal(["  " + example], HelpWithExamples.Lines(example, null));
        Assert.Equal(
            ["  edgeml run --model engines/shapes-vgg \\", "      --data shapes:seed=1 --json -"], HelpWithExamples.Lines(example, 50));
    }
}
