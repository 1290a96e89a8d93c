using System.Text.Json;

namespace EdgeML.Cli.Tests;

public sealed class DemoTests(ITestOutputHelper output) : FolderTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(180);
    [Theory]
    [InlineData("--tasks 49", "--tasks is '49', not a whole number in 50..1000000")]
    [InlineData("--tasks ten", "--tasks is 'ten'")]
    [InlineData("--seed -1", "--seed is '-1'")]
    [InlineData("--rtt-ms 5", "--rtt-ms goes with --trace")]
    [InlineData("--trace FOLDER/none.csv", "none.csv")]
    [InlineData("--trace FOLDER/bad.csv", "bad.csv line 3 is at second 0")]
    [InlineData("--trace FOLDER/bad.csv --rtt-ms nan", "--rtt-ms is 'nan'")]
    [InlineData("--data shapes:difficulty=odd", "difficulty 'odd'")]
    [InlineData("--data circles:", "unknown kind 'circles'")]
    [InlineData("--model FOLDER", "is not a package")]
    [InlineData("--report FOLDER/none/report.html", "--report is")]
    [InlineData("--json FOLDER", "--json is")]
    [InlineData("--fast", "'--fast' is no option of demo")]
    [InlineData("--rows planner,nobody", "row 'nobody' of --rows is none of ddpg-cold")]
    [InlineData("--rows planner,planner", "row 'planner' of --rows is given 2 times")]
    [InlineData(
        "--rows planner,ddpg,edge-only,tail-only,oracle,best-fixed", "--rows has 6 baselines beside edgeml, at most 5 are possible")]
    public void Demo_BadFlag_OneLineAndExitCode2(string flags, string expected)
    {
        File.WriteAllText(this["bad.csv"], "seconds,mbps\n0,15\n0,3\n");

        Outcome outcome = EdgemlProcess.Run(["demo", .. flags.Replace("FOLDER", Folder).Split(' ')]);

        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal("bad.csv", Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(Folder))));
    }

    [Fact]
    public void Demo_FewTasks_WritesReportAndTheContractsJson()
    {
        Outcome outcome = EdgemlProcess.Run(s_patience, "demo", "--tasks", "50", "--seed", "3", "--report", this["report.html"], "--json",
            this["demo.json"]);

        output.WriteLine(outcome.Output);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains(this["report.html"], outcome.Output);
        Assert.StartsWith("<!doctype html>", File.ReadAllText(this["report.html"]));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["demo.json"]));
        JsonElement root = json.RootElement;
        Assert.Superset(new HashSet<string> { "seconds", "tasks", "edgeSlowdown", "bounds", "rows", "control" }, Keys(root));
        Assert.Superset(new HashSet<string> { "latencyMs", "energyJ" }, Keys(root.GetProperty("bounds")));
        Assert.Equal(50, root.GetProperty("tasks").GetInt32());
        JsonElement[] rows = [.. root.GetProperty("rows").EnumerateArray()];
        Assert.Equal(["edgeml", "ddpg-cold", "edge-only", "tail-only", "best-fixed", "oracle"],
            rows.Select(row => row.GetProperty("name").GetString()));
        foreach (JsonElement row in rows)
        {
            Assert.Superset(new HashSet<string> { "satisfaction", "accuracy", "goodput", "latencyMs", "energyJ", "bytesPerTask" },
                Keys(row));
            Assert.InRange(row.GetProperty("goodput").GetDouble(), 0, row.GetProperty("satisfaction").GetDouble());
        }
        Assert.Equal(0, rows[2].GetProperty("bytesPerTask").GetDouble());
        JsonElement[] decisions = [.. root.GetProperty("decisions").EnumerateArray()];
        Assert.Equal(50, decisions.Sum(decision => decision.GetProperty("measured").GetProperty("tasks").GetInt32()));
        Assert.Contains($">{decisions[0].GetProperty("why").GetString()}</th>", File.ReadAllText(this["report.html"]));
    }

    [Fact]
    public void Demo_Rows_RunsThoseInstead()
    {
        Outcome outcome = EdgemlProcess.Run(s_patience, "demo", "--tasks", "50", "--seed", "3", "--rows", "planner,ddpg,neurosurgeon-live",
            "--report", this["report.html"], "--json", this["demo.json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["demo.json"]));
        Assert.Equal(["edgeml", "planner", "ddpg-cold", "neurosurgeon-live"],
            json.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("name").GetString()));
    }

    [Fact]
    public void Demo_InterruptedWhileRowsRun_Ends130AndLeavesNothing()
    {
        using ChildProcess demo = EdgemlProcess.Start("demo", "--report", this["report.html"], "--json", this["demo.json"]);
        string? line;
        do line = demo.ReadLine(s_patience);
        while (line is not null && !line.Contains("tasks of"));
        Assert.NotNull(line);

        demo.Send(Signals.Interrupt);

        Outcome outcome = demo.WaitForEnd(s_patience);
        Assert.Equal((130, ""), (outcome.ExitCode, outcome.Error));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    static HashSet<string> Keys(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
