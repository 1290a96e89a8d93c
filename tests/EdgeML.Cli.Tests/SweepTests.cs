using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests;

public sealed class SweepTests : FolderTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    public SweepTests()
    {
        Directory.CreateDirectory(this["traces"]);
        File.WriteAllText(this["traces/trip.csv"], "seconds,mbps\n0,8\n5,0\n6,2\n");
        File.WriteAllText(this["p.csv"], TinyReplay.Profile.Replace("slow", "tx2").Replace("fast", "nano"));
        File.WriteAllText(this["e.csv"], TinyReplay.Exits);
    }

    Outcome Sweep(params string[] more) => EdgemlProcess.Run(s_patience,
        ["sweep", "--profile", this["p.csv"], "--exits", this["e.csv"], "--traces", this["traces"], "--out", this["page.md"], .. more]);

    [Fact]
    public void Sweep_PartOfThePlan_WritesPageTableAndJsonAndGoesOnFromItsJournal()
    {
        string[] part = ["--seeds", "1", "--only", "trip, RTT 12 ms, raw off", "--only", "constant"];
        Outcome first = Sweep([.. part, "--rows", "planner,oracle"]);
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Contains("not asked", first.Output);
        Outcome all = Sweep([.. part, "--rows", "edgeml,planner,oracle", "--json", this["m.json"]]);
        Assert.True(all.ExitCode == 0, all.Error);
        // Six cells of the trace and three of the constant link, of each two rows.
        Assert.Contains("18 of 27 runs are in the journal", all.Output);
        string page = File.ReadAllText(this["page.md"]);
        Assert.Contains("the part of the plan that --only trip, RTT 12 ms, raw off and --only constant and --rows edgeml,planner,oracle leaves: 9 cells", page);
        Assert.Contains("| **all** | tx2 100 ms 1.2 GHz | 2 | ", page);
        Assert.Contains("[page.csv](page.csv)", page);
        string[] table = File.ReadAllLines(this["page.csv"]);
        Assert.Contains(table, line => line.StartsWith("acceptance,trip,12,off,nano,100,0.85,easy-hard,1000,")
            && line.Contains(",edgeml,1,"));
        using var json = JsonDocument.Parse(File.ReadAllBytes(this["m.json"]));
        JsonElement cells = json.RootElement.GetProperty("cells");
        Assert.Equal(9, cells.GetArrayLength());
        Assert.Equal(
            "controller adaptationTasks goodput goodputCi95 goodputFirst100 goodputFirst100Ci95 goodputAfter100 goodputAfter100Ci95 "
                + "satisfactionTask satisfactionTaskCi95 accuracy accuracyCi95 meanLatencyMs meanLatencyMsCi95 energy energyCi95 reward "
                + "rewardCi95 goodputBySeed",
            string.Join(' ', cells[0].GetProperty("rows")[0].EnumerateObject().Select(property => property.Name)));

        Outcome again = Sweep([.. part, "--rows", "edgeml,planner,oracle"]);
        Assert.Contains("27 of 27 runs are in the journal", again.Output);
        Assert.Equal(table, File.ReadAllLines(this["page.csv"]));
    }

    [Theory]
    [InlineData("--only S9", "no cell of ")]
    [InlineData("--rows edgeml,nobody", "row 'nobody' is none of edgeml")]
    [InlineData("--seeds 0", "--seeds is '0'")]
    [InlineData("--traces FOLDER/none", "none of --traces does not exist")]
    [InlineData("--traces FOLDER/bad", "bad.csv line 3 is at second 0, not after second 0")]
    [InlineData("--profile FOLDER/short.csv", "short.csv line 3 is unit 2, unit 1 is missing")]
    [InlineData("--out FOLDER/page.csv", "--out is ")]
    public void Sweep_BadInput_OneLineAndExitCode2(string flags, string expected)
    {
        Directory.CreateDirectory(this["bad"]);
        File.WriteAllText(this["bad/bad.csv"], "seconds,mbps\n0,15\n0,3\n");
        File.WriteAllText(this["short.csv"], string.Join('\n',
            File.ReadAllLines(this["p.csv"]).Where(line => !line.StartsWith("unit,1,"))));
        string[] given = flags.Replace("FOLDER", Folder).Split(' ');
        List<string> arguments = ["sweep", .. given];
        foreach ((string flag, string value) in new[] { ("--profile", "p.csv"), ("--exits", "e.csv"), ("--traces", "traces"),
            ("--out", "page.md") })
        {
            if (!given.Contains(flag)) arguments.AddRange([flag, this[value]]);
        }
        Outcome outcome = EdgemlProcess.Run([.. arguments]);
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
        Assert.Equal(2, outcome.ExitCode);
        Assert.False(File.Exists(this["page.md"]));
    }
}
