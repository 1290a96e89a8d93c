using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>Pages, help, messages and comments are in plain English: no phrase of <see cref="WordRule"/>.</summary>
public class WordsTests(ITestOutputHelper output)
{
    /// <summary>Phrases that stay: pattern over the sentence around a finding, and the reason.</summary>
    static readonly (string Pattern, string Reason)[] s_allowed =
    [
        (@"\bbehind (a|an|the|one|its|their) [\w ]{0,20}(VPN|tunnel|relay|proxy|firewall|link|interface|C ABI|C shim)\b", "a network path or an interface"),
        (@"\bbehind it(\.|,)? (a VPN|the relay)\b", "a network path"),
        (@"\b(leave|leaves|leaving|left)\b.{0,40}\bbehind\b", "to leave behind"),
        (@"\bbehind the same\b.{0,20}\binterface\b", "an interface"),
        (@"\baddress behind a device pointer\b", "a pointer"),
        (@"\bminds? .{0,10}changed\b|\bin mind\b", "an idiom of good English"),
        (@"\bin turns with what is measured\b", "no noun is shorter"),
    ];

    [Fact]
    public void Texts_AreInPlainWords()
    {
        int texts = 0;
        string[] found = [.. WrittenText.All().SelectMany(text => { texts++; return Findings(text); })];
        output.WriteLine($"{texts} texts, {WordRule.All.Count} rules, {found.Length} findings");
        Assert.True(found.Length == 0, $"{found.Length} findings:\n{string.Join('\n', found)}");
        Assert.True(texts > 900, $"only {texts} texts were found");
    }

    /// <summary>The rules find what they are for, so that a broken expression does not pass unseen.</summary>
    [Theory]
    [InlineData("the plan is built anew", "again")]
    [InlineData("limits for whoever calls", "name the person")]
    [InlineData("empty for nobody wants them", "no caller")]
    [InlineData("lose at most so much, so surely", "the number and its confidence")]
    [InlineData("better on the mean", "on average")]
    [InlineData("ddpg from nothing", "from scratch")]
    [InlineData("and where was looked for it", "every path searched")]
    [InlineData("bytes a task", "per")]
    [InlineData("0.3 J a task", "per")]
    [InlineData("one byte an element", "per")]
    [InlineData("Uplink rate, bits a second", "per")]
    [InlineData("the machine's mood", "drift")]
    [InlineData("what the network minds", "sensitive")]
    [InlineData("an exit stands\nby", "standby exit")]
    [InlineData("the link is a gamble", "unreliable")]
    [InlineData("the cut behind exit 1", "after")]
    [InlineData("headroom in front of data", "before")]
    [InlineData("is left out, and that is said", "name the actor")]
    [InlineData("on a thread of its own", "its own X")]
    [InlineData("is kept all the same", "still")]
    [InlineData("what comes on top", "is added")]
    [InlineData("a transfer is dear", "expensive")]
    [InlineData("a decision takes 10 us", "µs")]
    [InlineData("our own data set", "name the actor")]
    [InlineData("the run goes on", "continues")]
    [InlineData("what stands there", "is there")]
    [InlineData("what the residual is worth", "its gain")]
    [InlineData("what an exit says of a sample", "predicts")]
    [InlineData("before, it was no longer kept", "change log")]
    public void Findings_OfAForbiddenPhrase_NameTheBetterOne(string phrase, string better)
    {
        string finding = Assert.Single(Findings(new WrittenText("page.md", TextKinds.Pages, $"First line.\nHere {phrase}.\n")).Take(1));
        Assert.StartsWith("page.md:2: ", finding);
        Assert.Contains(better, finding);
    }

    [Theory]
    [InlineData("/// <summary>What a run made.</summary>\nint made;", "begin with the name of the thing")]
    [InlineData("throw new Exception(\"plan is built anew\");", "again")]
    [InlineData("// on a thread\n// of its own\nint x;", "its own X")]
    public void Findings_InCode_AreInCommentsAndStrings(string code, string better) =>
        Assert.Contains(better, Assert.Single(Findings(WrittenText.Of("src/A.cs", code)!)));

    [Theory]
    [InlineData("int anew = 1, us = 2; char quote = '\"'; anew++;")]
    [InlineData("// Put the port behind a VPN.")]
    [InlineData("// A success leaves nothing behind.")]
    [InlineData("var text = \"--decision-us measured\";")]
    public void Findings_OfCodeAndAllowedPhrases_AreNone(string code) => Assert.Empty(Findings(WrittenText.Of("src/A.cs", code)!));

    [Theory]
    [InlineData("README.md")]
    [InlineData("docs/architecture.md")]
    public void Pages_ThatSpeakOfThePaper_CiteIt(string page)
    {
        string text = File.ReadAllText(Path.Combine(EdgemlProcess.RepositoryRoot, page));
        Assert.Contains("EdgeML: An AutoML Framework for Real-Time Deep Learning on the Edge", text);
        Assert.True(text.Contains("10.1145/3450268.3453520") || text.Contains("reference/paper.md"), $"{page} has no citation of the paper");
    }

    static IEnumerable<string> Findings(WrittenText text)
    {
        foreach (WordRule rule in WordRule.All)
        {
            if ((rule.Where & text.Kind) == 0) continue;
            foreach (Match match in rule.Expression.Matches(text.Text))
            {
                string around = Around(text.Text, match);
                if (s_allowed.Any(allowed => Regex.IsMatch(around, allowed.Pattern))) continue;
                int line = 1 + text.Text.AsSpan(0, match.Index).Count('\n');
                yield return $"{text.Name}:{line}: \"{OneLine(match.Value)}\" -> {rule.Better}   | {around}";
            }
        }
    }

    /// <summary>Some words on both sides of a match, on one line.</summary>
    static string Around(string text, Match match)
    {
        int from = Math.Max(0, match.Index - 50), to = Math.Min(text.Length, match.Index + match.Length + 50);
        return OneLine(text[from..to]).Trim('\u0001', ' ');
    }

    static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
