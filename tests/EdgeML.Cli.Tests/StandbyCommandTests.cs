using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests;

/// <summary>edgeml simulate with a fixed policy whose first exit stands by.</summary>
/// <remarks>Units of 20 and 30 ms with a head of 5 ms between them, a tail that needs 5 ms in all; the input is a kilobyte.</remarks>
public sealed class StandbyCommandTests : FolderTests
{
    string[] Tiny(params string[] more) =>
    [
        "simulate", .. WriteTinyReplay(), "--device", "slow", "--rtt-ms", "10", "--jitter-ms", "0",
        "--compute-jitter", "0", "--decision-us", "0", "--latency-ms", "60", "--tasks", "20", .. more,
    ];

    /// <summary>The series, a row of named columns for every task.</summary>
    List<Dictionary<string, string>> Series(params string[] more)
    {
        Outcome outcome = EdgemlProcess.Run(Tiny([.. more, "--series", this["s.csv"]]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal("", outcome.Error);
        string[][] rows = [.. File.ReadAllLines(this["s.csv"]).Select(line => line.Split(','))];
        Assert.Equal(["standby", "standbyMs"], rows[0][^2..]);
        return [.. rows.Skip(1).Select(row => rows[0].Zip(row).ToDictionary(pair => pair.First, pair => pair.Second))];
    }

    static double Number(Dictionary<string, string> row, string column) => double.Parse(row[column], CultureInfo.InvariantCulture);

    [Fact]
    public void Simulate_TailInTime_IsAnsweredAtTheFirstUnitBehindTheAnswer()
    {
        List<Dictionary<string, string>> rows = Series("--link", "constant:8", "--controller", "fixed", "--cut", "0", "--standby", "1");
        Assert.Equal(20, rows.Count);
        Assert.All(rows, row =>
        {
            Assert.Equal(("1", "1", "0", "2"), (row["standby"], row["offloaded"], row["fallback"], row["exit"]));
            Assert.Equal((20, 20, 20), (Number(row, "latencyMs"), Number(row, "standbyMs"), Number(row, "edgeMs")));
        });
    }

    [Fact]
    public void Simulate_TailLate_IsAnsweredByTheStandbyExitAtTheDeadline()
    {
        List<Dictionary<string, string>> rows = Series("--link", "constant:0.1", "--controller", "fixed", "--cut", "0", "--standby", "1");
        Assert.All(rows, row =>
        {
            Assert.Equal(("1", "0", "1", "1"), (row["standby"], row["offloaded"], row["fallback"], row["exit"]));
            Assert.Equal(25, Number(row, "standbyMs"));
            // A millisecond before the bound; at once while the late answer is still on its way.
            Assert.Contains(Number(row, "latencyMs"), (double[])[59, 25]);
        });
        Assert.Equal(59, Number(rows[0], "latencyMs"));
        Assert.Equal(25, Number(rows[1], "latencyMs"));
        Assert.Contains(rows.Skip(2), row => Number(row, "latencyMs") == 59);
    }

    [Fact]
    public void Simulate_NoStandby_HasTheColumnsAtZero() =>
        Assert.All(Series("--link", "constant:8", "--controller", "fixed", "--cut", "0"), row =>
        {
            Assert.Equal(("0", "0"), (row["standby"], row["standbyMs"]));
            Assert.InRange(Number(row, "latencyMs"), 15, 17);
        });

    [Theory]
    [InlineData("--controller planner --standby 1", "--thresholds, --cut and --standby are the policy of controller fixed, not of planner")]
    [InlineData("--controller edgeml --standby 1", "--thresholds, --cut and --standby are the policy of controller fixed, not of edgeml")]
    [InlineData("--controller fixed --cut 0 --standby 2", "standby exit 2 is outside 0..1")]
    [InlineData("--controller fixed --cut 1 --standby 1",
        "exit 1 follows unit 1, before cut 1, and is not tried: it cannot be the standby exit")]
    [InlineData("--controller fixed --standby 1", "exit 1 follows unit 1, before cut 2, and is not tried: it cannot be the standby exit")]
    [InlineData("--controller fixed --cut 0 --standby one", "--standby is 'one'")]
    [InlineData("--controller fixed --cut 0 --standby -1", "--standby is '-1'")]
    public void Simulate_StandbyThatCannotBe_OneLineAndExitCode2(string flags, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(Tiny(["--link", "constant:8", .. flags.Split(' ')]));
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal((2, ""), (outcome.ExitCode, outcome.Output));
    }

    [Fact]
    public void Simulate_ExitTriedInFrontOfTheCut_StandsByForNothing()
    {
        List<Dictionary<string, string>> rows = Series(
            "--link", "constant:0.1", "--controller", "fixed", "--cut", "1", "--thresholds", "0.5", "--standby", "1");
        // The easy input leaves at the exit; the hard one is sent, and answered by what the exit said.
        Assert.All(rows, row => Assert.Equal(("1", "0", 25.0), (row["exit"], row["standbyMs"], Number(row, "edgeMs"))));
        Assert.Contains(rows, row => row["fallback"] == "1" && Number(row, "latencyMs") == 59);
        Assert.Contains(rows, row => row["fallback"] == "0" && Number(row, "latencyMs") == 25);
    }
}
