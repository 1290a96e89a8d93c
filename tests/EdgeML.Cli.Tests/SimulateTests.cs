using System.Text.Json;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Cli.Tests;

public sealed class SimulateTests(ShippedPackage package, ITestOutputHelper output) : FolderTests, IClassFixture<ShippedPackage>
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);
    static readonly string[] s_numbers =
    [
        "satisfactionTask", "satisfactionInterval", "accuracy", "goodput", "goodputFirst100", "goodputAfter100", "meanLatencyMs",
        "p99LatencyMs", "energy",
        "reward", "meanExit", "meanCut", "meanInterval", "decisionMicros", "lossRatio", "adaptationTasks",
    ];

    string[] Tiny(params string[] more) => ["simulate", .. WriteTinyReplay(), "--device", "slow", .. more];

    [Fact]
    public void Simulate_TwoSeeds_WritesTheContractsJsonAndEveryTask()
    {
        string[] arguments = Tiny("--link", "square:8,1,tasks=50", "--rtt-ms", "10", "--jitter-ms", "1", "--controller", "edgeml",
            "--tasks", "200", "--seeds", "2",
            "--latency-ms", "60", "--energy-ghz", "0.7", "--mismatch", "10", "--shift", "easy-hard");
        Outcome first = EdgemlProcess.Run(s_patience, [.. arguments, "--json", this["1.json"], "--series", this["1.csv"]]);
        output.WriteLine(first.Output);
        Assert.True(first.ExitCode == 0, first.Error);
        Assert.Equal("", first.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["1.json"]));
        Assert.Equal("edgeml", json.RootElement.GetProperty("controller").GetString());
        JsonElement[] seeds = [.. json.RootElement.GetProperty("seeds").EnumerateArray()];
        Assert.Equal(2, seeds.Length);
        JsonElement pooled = json.RootElement.GetProperty("pooled");
        foreach (string name in s_numbers)
        {
            double mean = (seeds[0].GetProperty(name).GetDouble() + seeds[1].GetProperty(name).GetDouble()) / 2;
            if (name != "adaptationTasks") Assert.Equal(mean, pooled.GetProperty(name).GetDouble(), 6);
            JsonElement[] interval = [.. pooled.GetProperty("ci95").GetProperty(name).EnumerateArray()];
            Assert.InRange(mean, interval[0].GetDouble() - 1e-6, interval[1].GetDouble() + 1e-6);
        }
        string[] rows = File.ReadAllLines(this["1.csv"]);
        Assert.StartsWith("seed,task,seconds,mbps,", rows[0]);
        Assert.Equal(1 + (2 * 200), rows.Length);
        Assert.All(rows, row => Assert.Equal(rows[0].Count(c => c == ','), row.Count(c => c == ',')));

        Outcome second = EdgemlProcess.Run(s_patience, [.. arguments, "--json", this["2.json"], "--series", this["2.csv"]]);
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(File.ReadAllBytes(this["1.json"]), File.ReadAllBytes(this["2.json"]));
        Assert.Equal(File.ReadAllBytes(this["1.csv"]), File.ReadAllBytes(this["2.csv"]));
    }

    [Fact]
    public void Simulate_FixedPolicyAndArrivals_ReportsLatencyAndLoss()
    {
        Outcome outcome = EdgemlProcess.Run(
            s_patience, Tiny("--link", "constant:8", "--controller", "fixed", "--cut", "local", "--thresholds", "0", "--tasks", "3000",
            "--compute-jitter", "0", "--decision-us", "0", "--arrivals", "poisson:15,queue=0", "--json", this["out.json"]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["out.json"]));
        JsonElement pooled = json.RootElement.GetProperty("pooled");
        Assert.Equal(50, pooled.GetProperty("meanLatencyMs").GetDouble(), 6);
        // Erlang's loss formula for one server: load 0.75.
        Assert.InRange(pooled.GetProperty("lossRatio").GetDouble(), 0.40, 0.46);
        Assert.Equal(JsonValueKind.Null, pooled.GetProperty("adaptationTasks").ValueKind);
        Assert.Equal(JsonValueKind.Null, pooled.GetProperty("ci95").GetProperty("goodput").ValueKind);
    }

    [Theory]
    [InlineData("--link nowhere.csv --controller planner --tasks 10", "link 'nowhere.csv' is no file")]
    [InlineData("--link FOLDER/gap.csv --controller planner --tasks 10", "gap.csv line 3 says '' in column 2")]
    [InlineData("--link FOLDER/nan.csv --controller planner --tasks 10", "nan.csv line 2 has a rate of NaN Mbps")]
    [InlineData("--link FOLDER/back.csv --controller planner --tasks 10", "back.csv line 4 is at second 1, not after second 2")]
    [InlineData("--link constant:8 --controller plan --tasks 10", "controller 'plan' is none of fixed")]
    [InlineData("--link constant:8 --controller planner --tasks 0", "--tasks is '0'")]
    [InlineData("--link constant:8 --controller planner", "--tasks")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --seeds none", "--seeds is 'none'")]
    [InlineData("--link constant:8 --controller planner --tasks 1000000 --seeds 6", "--tasks 1000000 of --seeds 6 are more than")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --latency-ms nan", "--latency-ms is 'nan'")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --energy-ghz 1 --energy-j 1", "energy has one bound")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --ghz-max 1", "--energy-ghz is computed, which is not given")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --mismatch 60", "--mismatch is 60")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --cut 1", "not of planner")]
    [InlineData("--link constant:8 --controller fixed --tasks 10 --cut 9", "cut 9 is outside 0..2")]
    [InlineData("--link constant:8 --controller fixed --tasks 10 --thresholds 0.1,0.2", "policy has 2 thresholds")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --arrivals often", "arrivals 'often'")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --shift hard", "shift 'hard'")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --codec int4", "--codec is 'int4'")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --decision-us soon", "--decision-us is 'soon'")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --device tx2", "no device 'tx2', only slow, fast")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --profile FOLDER/e.csv", "profile e.csv has no column kind")]
    [InlineData("--link FOLDER/negative.csv --controller planner --tasks 10", "negative.csv line 3 has a rate of -1 Mbps")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --profile FOLDER/unit.csv",
        "unit.csv line 3 is unit 2, unit 1 is missing")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --experience-in FOLDER/e.csv", "does not learn; --experience-in")]
    [InlineData("--link constant:8 --controller ddpg --tasks 10 --experience-in FOLDER/e.csv", "e.csv: ")]
    [InlineData("--link constant:8 --controller ddpg --tasks 10 --experience-share 0.5", "--experience-in is used, which is not given")]
    [InlineData("--link constant:8 --controller ddpg --tasks 10 --experience-in FOLDER/e.csv --experience-share 2",
        "--experience-share is 2, not within 0..1")]
    [InlineData("--link constant:8 --controller ddpg --tasks 10 --seeds 2 --experience-out FOLDER/t.trace",
        "--experience-out writes the experience of one seed, --seeds is 2")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --exits FOLDER/none.csv", "none.csv")]
    [InlineData("--link constant:8 --controller planner --tasks 10 --series FOLDER/none/s.csv", "--series is")]
    public void Simulate_BadInput_OneLineAndExitCode2(string flags, string expected)
    {
        File.WriteAllText(this["gap.csv"], "seconds,mbps\n0,15\n1,\n");
        File.WriteAllText(this["nan.csv"], "seconds,mbps\n0,NaN\n");
        File.WriteAllText(this["back.csv"], "seconds,mbps\n0,15\n2,10\n1,5\n");
        File.WriteAllText(this["negative.csv"], "seconds,mbps\n0,15\n1,-1\n");
        File.WriteAllText(this["unit.csv"], string.Join('\n', TinyReplay.Profile.Split('\n').Where(line => !line.StartsWith("unit,1,"))));
        var given = flags.Replace("FOLDER", Folder).Split(' ').ToList();
        string[] tiny = Tiny();
        for (int i = 1; i < tiny.Length; i += 2)
        {
            if (!given.Contains(tiny[i])) given.AddRange([tiny[i], tiny[i + 1]]);
        }

        Outcome outcome = EdgemlProcess.Run(["simulate", .. given]);

        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
    }

    [Theory]
    [InlineData("seconds,mbps\n0,8\n100,1\n", "a gap of 100 s holds the level")]
    [InlineData("seconds,mbps\n0,8\n1,0\n3,8\n", "an outage of 2 s")]
    [InlineData("seconds,mbps\n0,0\n", "never up")]
    public void Simulate_TraceWithGapsAndZeros_RunsAndSaysWhatEachTaskMet(string trace, string what)
    {
        output.WriteLine(what);
        File.WriteAllText(this["t.csv"], trace);
        Outcome outcome = EdgemlProcess.Run(s_patience,
            Tiny("--link", this["t.csv"], "--rtt-ms", "10", "--controller", "edgeml", "--tasks", "100",
            "--latency-ms", "60", "--json", this["out.json"], "--series", this["s.csv"]));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["out.json"]));
        // The edge alone is in time; a link that is down costs at most the tasks that find it out.
        Assert.InRange(json.RootElement.GetProperty("pooled").GetProperty("satisfactionTask").GetDouble(), 0.9, 1);
        string[][] rows = [.. File.ReadAllLines(this["s.csv"]).Select(line => line.Split(','))];
        int mbps = Array.IndexOf(rows[0], "mbps");
        Assert.All(rows.Skip(1), row => Assert.Contains(row[mbps], trace.Split('\n', ',')));
    }

    [Fact]
    public void Simulate_TraceOutThenIn_StartsElsewhereAndIsReproducible()
    {
        string[] common = ["--link", "constant:8", "--rtt-ms", "10", "--controller", "ddpg", "--tasks", "200", "--latency-ms", "60"];
        string[] slow = Tiny([.. common, "--experience-out", this["slow.trace"]]);
        Assert.True(EdgemlProcess.Run(s_patience, slow) is { ExitCode: 0 }, "recording");
        string[] fast = [.. Tiny(common).Select(argument => argument == "slow" ? "fast" : argument)];
        string Out(params string[] more)
        {
            Outcome outcome = EdgemlProcess.Run(s_patience, [.. fast, .. more]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
            return outcome.Output;
        }
        string scratch = Out(), mixed = Out("--experience-in", this["slow.trace"]);
        Assert.NotEqual(scratch, mixed);
        Assert.Equal(mixed, Out("--experience-in", this["slow.trace"], "--experience-share", "0.5"));
        Assert.NotEqual(mixed, Out("--experience-in", this["slow.trace"], "--experience-share", "1", "--experience-updates", "50"));
    }

    [Fact]
    public void Simulate_Interrupted_Ends130AndLeavesNothing()
    {
        string[] arguments = Tiny(
            "--link", "constant:8", "--controller", "ddpg", "--tasks", "300000", "--json", this["out.json"], "--series", this["out.csv"]);
        using ChildProcess simulate = EdgemlProcess.Start(arguments);
        Assert.False(SpinWait.SpinUntil(() => simulate.HasExited, TimeSpan.FromSeconds(2)), "ended before it could be interrupted");
        simulate.Send(Signals.Interrupt);
        Outcome outcome = simulate.WaitForEnd(s_patience);
        Assert.Equal((130, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(["e.csv", "p.csv"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void RecordAndProfile_OfThePackage_MakeWhatSimulateReads()
    {
        Outcome record = EdgemlProcess.Run(s_patience, "record", "--model", package.Model, "--data", "shapes:seed=7,difficulty=mixed",
            "--count", "120", "--out", this["e.csv"]);
        Assert.True(record.ExitCode == 0, record.Error);
        Outcome profile = EdgemlProcess.Run(s_patience, "profile", "--model", package.Model, "--out", this["p.csv"], "--runs", "3",
            "--name", "here", "--edge-slowdown", "20");
        Assert.True(profile.ExitCode == 0, profile.Error);
        Assert.Contains("edge_ms_here,cloud_ms", File.ReadLines(this["p.csv"]).First());
        Assert.Equal(121, File.ReadLines(this["e.csv"]).Count());

        Outcome outcome = EdgemlProcess.Run(s_patience, "simulate", "--profile", this["p.csv"], "--exits", this["e.csv"], "--link",
            "constant:10", "--controller", "planner",
            "--tasks", "100", "--latency-ms", "1000", "--json", this["out.json"]);
        output.WriteLine(record.Output + profile.Output + outcome.Output);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["out.json"]));
        Assert.InRange(json.RootElement.GetProperty("pooled").GetProperty("accuracy").GetDouble(), 0.5, 1);
    }

    [Theory]
    [InlineData("record --model none --data shapes:seed=1,difficulty=easy --out e.csv", "none")]
    [InlineData("record --model none --data shapes:seed=1,difficulty=easy", "--out")]
    [InlineData("profile --model none --out none/p.csv", "--out is")]
    [InlineData("profile --model none --out p.csv --runs 0", "--runs is '0'")]
    [InlineData("profile --model none --out p.csv --name a,b", "device name 'a,b'")]
    public void RecordAndProfile_BadInput_OneLineAndExitCode2(string commandLine, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(commandLine.Split(' '));
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
        Assert.Equal(2, outcome.ExitCode);
    }

    [Theory]
    [InlineData("simulate", "edgeml simulate --profile vgg16.csv")]
    [InlineData("record", "edgeml record --model engines/shapes-vgg")]
    [InlineData("profile", "edgeml profile --model engines/shapes-vgg")]
    public void Help_EndsWithExamples(string command, string expected) =>
        Assert.Contains(expected, EdgemlProcess.Run(command, "--help").Output);
}
