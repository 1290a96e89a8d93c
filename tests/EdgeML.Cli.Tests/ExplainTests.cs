using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests;

/// <summary>Decisions say the same under the same names wherever they are shown.</summary>
public sealed class ExplainTests(ShippedPackage package) : FolderTests, IClassFixture<ShippedPackage>
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);
    static readonly string[] s_decision = ["task", "reason", "why", "cannotBeMet", "policy", "expected", "measured"];
    static readonly string[] s_numbers = ["latencyMs", "energy", "accuracy", "satisfaction"];

    string[] Simulate(params string[] more) => ["simulate", .. WriteTinyReplay(), "--device", "slow", .. more];

    [Fact]
    public void Run_Json_HasEveryDecisionWithWhatItExpectedAndWhatCame()
    {
        Outcome outcome = EdgemlProcess.Run(s_patience, "run", "--model", package.Model, "--data", "shapes:seed=5,difficulty=mixed",
            "--count", "80",
            "--controller", "edgeml", "--latency-ms", "500", "--energy-j", "100", "--json", this["run.json"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("decided      ", outcome.Output);
        using var json = JsonDocument.Parse(File.ReadAllBytes(this["run.json"]));
        JsonElement[] decisions = Check(json.RootElement);
        Assert.Equal("initial", decisions[0].GetProperty("reason").GetString());
        Assert.Equal(80, decisions.Sum(Tasks));
        Assert.All(decisions, decision => Assert.InRange(decision.GetProperty("expected").GetProperty("accuracy").GetDouble(), 0, 1));
        // The tasks' labels are known, so accuracy was measured.
        double right = decisions.Where(one => Tasks(one) > 0).Sum(one => Tasks(one) * one.GetProperty("measured").GetProperty("accuracy").GetDouble());
        Assert.Equal(json.RootElement.GetProperty("correct").GetDouble(), right, 1e-4);
    }

    [Fact]
    public void Simulate_JsonAndSeries_SayTheSame()
    {
        Outcome outcome = EdgemlProcess.Run(s_patience,
            Simulate("--link", "steps:8,1@60", "--rtt-ms", "10", "--controller", "edgeml", "--tasks", "120",
            "--latency-ms", "60", "--json", this["s.json"], "--series", this["s.csv"]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(this["s.json"]));
        JsonElement[] decisions = Check(json.RootElement.GetProperty("seeds")[0]);
        Assert.Equal(120, decisions.Sum(Tasks));
        string[][] rows = [.. File.ReadAllLines(this["s.csv"]).Select(line => line.Split(','))];
        int Column(string name) => Array.IndexOf(rows[0], name);
        string[][] decided = [.. rows.Skip(1).Where(row => row[Column("decided")] == "1")];
        Assert.Equal(decisions.Length, decided.Length);
        for (int i = 0; i < decisions.Length; i++)
        {
            Assert.Equal(decisions[i].GetProperty("task").GetInt32(), int.Parse(decided[i][Column("task")]));
            Assert.Equal(decisions[i].GetProperty("reason").GetString(), decided[i][Column("reason")]);
            Assert.Equal(decisions[i].GetProperty("why").GetString(), decided[i][Column("why")]);
            foreach (string when in (string[])["expected", "measured"])
            {
                double latency = decisions[i].GetProperty(when).GetProperty("latencyMs").GetDouble();
                Assert.Equal(latency, double.Parse(decided[i][Column(when + "LatencyMs")]), 0.0051);
            }
        }
    }

    [Theory]
    [InlineData("constant:8", "1", true)]
    [InlineData("constant:8", "60", false)]
    [InlineData("outage.csv", "60", false)]
    public void Simulate_BoundsNobodyCanMeet_SaysSoAndTakesTheLeastViolation(string link, string latencyMs, bool cannotMeet)
    {
        File.WriteAllText(this["outage.csv"], "seconds,mbps\n0,0\n1,0\n");
        if (link == "outage.csv") link = this[link];
        Outcome outcome = EdgemlProcess.Run(s_patience,
            Simulate("--link", link, "--controller", "edgeml", "--tasks", "60", "--latency-ms", latencyMs,
            "--json", this["s.json"]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using var json = JsonDocument.Parse(File.ReadAllBytes(this["s.json"]));
        JsonElement seed = json.RootElement.GetProperty("seeds")[0];
        JsonElement[] decisions = Check(seed);
        Assert.Equal(cannotMeet, outcome.Output.Contains("100 % of the decisions found no policy inside the bounds"));
        Assert.Equal(cannotMeet ? 1 : 0, seed.GetProperty("cannotBeMet").GetDouble());
        Assert.All(decisions, one => Assert.Equal(cannotMeet, one.GetProperty("cannotBeMet").GetBoolean()));
        Assert.All(decisions, one => Assert.Equal(cannotMeet, one.GetProperty("why").GetString()!.EndsWith("bounds cannot be met")));
        // The best that can be done is a quick answer: the fastest unit and its head alone take 25 ms.
        if (cannotMeet) Assert.InRange(seed.GetProperty("meanLatencyMs").GetDouble(), 1, 40);
    }

    [Fact]
    public void Run_EveryController_IsSelectable()
    {
        foreach (string controller in BaselineControllers.Names)
        {
            Outcome outcome = EdgemlProcess.Run(s_patience, "run", "--model", package.Model, "--data", "shapes:seed=5,difficulty=mixed",
                "--count", "4",
                "--controller", controller, "--latency-ms", "500");
            Assert.True(outcome.ExitCode == 0, $"{controller}: {outcome.Error}");
            Assert.Contains("satisfied", outcome.Output);
        }
    }

    static JsonElement[] Check(JsonElement root)
    {
        JsonElement[] decisions = [.. root.GetProperty("decisions").EnumerateArray()];
        Assert.NotEmpty(decisions);
        Assert.Equal(0, root.GetProperty("decisionsLeftOut").GetInt32());
        foreach (JsonElement decision in decisions)
        {
            Assert.Equal(s_decision, decision.EnumerateObject().Select(property => property.Name));
            Assert.Equal(s_numbers, decision.GetProperty("expected").EnumerateObject().Select(property => property.Name));
            Assert.Equal(["tasks", .. s_numbers], decision.GetProperty("measured").EnumerateObject().Select(property => property.Name));
        }
        return decisions;
    }

    static int Tasks(JsonElement decision) => decision.GetProperty("measured").GetProperty("tasks").GetInt32();
}
