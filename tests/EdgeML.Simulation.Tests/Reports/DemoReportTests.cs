using System.Text.RegularExpressions;
using System.Xml.Linq;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Reports;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Simulation.Tests.Reports;

public class DemoReportTests
{
    static readonly Requirements s_wide = new(100, 0.5);
    static readonly Requirements s_tight = new(100, 0.25);

    static DemoReportData Data(string rowName = "edgeml")
    {
        var scenario = new DemoScenario(
            [
                new("15 Mbps", 0, 20, new(15e6, 20), 1, s_wide), new("0.5 Mbps", 20, 20, new(0.5e6, 60), 1, s_wide),
                    new("outage", 40, 10, default, 1, s_wide),
                new("tail busy", 50, 10, new(15e6, 20), 20, s_wide), new("less energy", 60, 20, new(15e6, 20), 1, s_tight),
            ],
            seed: 7, periodMs: 100, deadlineMs: 120, edgeSlowdown: 12.5);
        return new DemoReportData
        {
            Scenario = scenario,
            Rows = [.. new[] { rowName, "ddpg-cold", "edge-only", "tail-only", "best-fixed",
                "oracle" }.Select((name, i) => Row(name, scenario, (ulong)i))],
            RowNotes = new Dictionary<string, string> { ["best-fixed"] = "cut 0, thresholds [0.20]" },
            Environment = [("machine", "2 processors"), ("seed", "7")],
            LocalCut = 12,
            Exits = 4,
            CommandLine = "edgeml demo --quick",
        };
    }

    static ScenarioRow Row(string name, DemoScenario scenario, ulong salt)
    {
        var random = new Random(11 + (int)salt);
        return new ScenarioRow(name, [.. Enumerable.Range(0, scenario.Tasks).Select(i => new ScenarioTask(
            new TaskRecord { TaskId = i, LatencyMs = 30 + (random.NextDouble() * 120), EnergyJ = 0.1 + (random.NextDouble() * 0.4),
                Exit = random.Next(1, 5), Policy = new ExitPolicy([0.1f, 0.5f, 0.9f], random.Next(13)) },
            i / 3, scenario.PhaseOf(i).Bounds, random.Next(2) == 0))]);
    }

    [Fact]
    public void Html_Charts_AreWellFormedXml()
    {
        MatchCollection pictures = Regex.Matches(DemoReport.Html(Data()), "<svg.*?</svg>", RegexOptions.Singleline);

        Assert.Equal(2 * 5, pictures.Count(picture => picture.Value.Contains("role=\"img\"")));
        foreach (Match picture in pictures) Assert.NotNull(XDocument.Parse(picture.Value).Root!.Attribute("viewBox"));
    }

    [Fact]
    public void Html_Tables_HaveCaptionsScopesAndHeads()
    {
        MatchCollection tables = Regex.Matches(DemoReport.Html(Data()), "<table.*?</table>", RegexOptions.Singleline);

        Assert.Equal(2, tables.Count);
        foreach (XElement table in tables.Select(match => XDocument.Parse(match.Value).Root!))
        {
            Assert.NotEqual("", Assert.Single(table.Elements("caption")).Value);
            Assert.All(table.Element("thead")!.Descendants("th"), head => Assert.Equal("col", head.Attribute("scope")?.Value));
            string[] heads = [.. table.Element("thead")!.Descendants("th").Skip(1).Select(head => head.Value)];
            foreach (XElement row in table.Element("tbody")!.Elements("tr"))
            {
                Assert.Equal("row", Assert.Single(row.Elements("th")).Attribute("scope")?.Value);
                Assert.Equal(heads, row.Elements("td").Select(cell => cell.Attribute("data-head")?.Value));
            }
        }
    }

    [Fact]
    public void Html_RowsOfAChart_DifferWithoutColour()
    {
        string style = Regex.Match(DemoReport.Html(Data()), "<style>.*?</style>", RegexOptions.Singleline).Value;
        string[] dashes = [.. Enumerable.Range(1, 5).Select(row => Regex.Match(style, $@"\.line\.row{row} {{ stroke-dasharray: ([^;]+);").Groups[1].Value)];
        string[] marks = [.. Enumerable.Range(0, 6).Select(row => RowMarks.Of(row, 10, 10).ToString())];

        Assert.Equal(5, dashes.Where(dash => dash.Length > 0).Distinct().Count());
        Assert.Equal(6, marks.Distinct().Count());
    }

    [Fact]
    public void Html_Page_NeedsNothingFromElsewhere()
    {
        string html = DemoReport.Html(Data());

        Assert.DoesNotContain("<script", html);
        Assert.DoesNotContain("http", html);
        Assert.DoesNotContain("url(", html);
        Assert.DoesNotContain("NaN", html);
    }

    [Fact]
    public void Html_NamesAndCommand_AreEscaped()
    {
        string html = DemoReport.Html(Data("<b>&edgeml") with { CommandLine = "edgeml demo --model '<x>'" });

        Assert.Contains("&lt;b&gt;&amp;edgeml", html);
        Assert.DoesNotContain("<b>&edgeml", html);
        Assert.DoesNotContain("<x>", html);
    }

    [Fact]
    public void Html_SameData_IsTheSameText() => Assert.Equal(DemoReport.Html(Data()), DemoReport.Html(Data()));
}
