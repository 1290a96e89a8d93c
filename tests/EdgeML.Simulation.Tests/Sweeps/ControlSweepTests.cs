using EdgeML.Native.Policies;
using EdgeML.Simulation.Sweeps;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Simulation.Tests.Sweeps;

public class ControlSweepTests
{
    static readonly SweepSetting s_setting = new("slow", 60, double.PositiveInfinity);

    static SweepCell Cell(string link, int tasks = 60) => new(SweepPart.Acceptance, link, 10, true, s_setting,
        TinyReplay.Scenario(tasks, 0.5f, 1, new Requirements(60, double.PositiveInfinity), link) with
        {
            ComputeJitter = 0.05,
            Mismatch = 0.15,
        },
        SweepPlan.EverywhereRows);

    [Fact]
    public void Run_OneCoreOrThree_GivesTheSameNumbers()
    {
        SweepCell[] cells = [Cell("constant:8"), Cell("square:8,1,tasks=20")];
        string one = Numbers(new ControlSweep(cells, seeds: 2).Run(1, TimeSpan.MaxValue));
        string three = Numbers(new ControlSweep(cells, seeds: 2).Run(3, TimeSpan.MaxValue));
        Assert.Equal(one, three);
        // 2 cells of 4 rows.
        Assert.Equal(8, one.Split('\n').Length);
    }

    [Fact]
    public void Run_FromTheSecondSeedOn_GivesWhatThatSeedGives()
    {
        SweepCell[] cells = [Cell("square:8,1,tasks=20")];
        SweepRow both = Assert.Single(new ControlSweep(cells, seeds: 2).Run(1, TimeSpan.MaxValue)).Ours;
        SweepRow second = Assert.Single(new ControlSweep(cells, seeds: 1, firstSeed: 2).Run(1, TimeSpan.MaxValue)).Ours;
        Assert.Equal(both.Samples[1].Metrics, Assert.Single(second.Samples).Metrics);
        Assert.NotEqual(both.Samples[0].Metrics, both.Samples[1].Metrics);
        Assert.Throws<ArgumentException>(() => new ControlSweep(cells, seeds: 1, spotCheck: true, firstSeed: 2));
    }

    [Fact]
    public void Run_AllTheTime_TellsEveryRun()
    {
        var told = new List<int>();
        var sweep = new ControlSweep([Cell("constant:8")], seeds: 3);
        sweep.Run(2, TimeSpan.MaxValue, told.Add);
        Assert.Equal(Enumerable.Range(1, 12), told);
        Assert.Equal(sweep.Runs, sweep.Done);
    }

    [Fact]
    public void Run_EdgeMLPlanAskedFor_TellsWhatTheResidualIsWorth()
    {
        SweepCell[] all = [Cell("square:8,1,tasks=20", tasks: 400), Cell("constant:2", tasks: 400) with { Rows = ["planner"] }];
        IReadOnlyList<SweepCell> chosen = SweepPlan.Filter(all, [], ["edgeml", "edgeml-plan", "planner"]);
        Assert.Equal(["edgeml", "planner", "edgeml-plan"], chosen[0].Rows);
        // It runs beside edgeml only, and in no cell unless it is asked for.
        Assert.Equal(["planner"], chosen[1].Rows);
        Assert.DoesNotContain("edgeml-plan", SweepPlan.Filter(all, [], [])[0].Rows);

        IReadOnlyList<SweepCellResult> results = new ControlSweep(chosen, seeds: 2).Run(2, TimeSpan.MaxValue);
        SweepResidual residual = SweepResidual.Of(results)!;
        SweepCellResult both = results.Single(result => result.Find("edgeml-plan") is not null);
        double expected = both.Ours.Goodput - both.Find("edgeml-plan")!.Goodput;
        Assert.Equal((1, expected, expected, expected), (residual.Cells, residual.Mean, residual.Least, residual.Most));
        Assert.Null(SweepResidual.Of([.. results.Where(result => result != both)]));
        Assert.Equal("goodput of edgeml less edgeml-plan over 3 cells: -0.01 points on average, -0.38 to +0.20 in a cell",
            new SweepResidual(3, -0.0001, -0.0038, 0.002).ToString());
    }

    [Fact]
    public void Run_NoTime_HasNoCellToJudge()
    {
        var sweep = new ControlSweep([Cell("constant:8")], seeds: 1);
        Assert.Empty(sweep.Run(2, TimeSpan.Zero));
        Assert.Equal(0, sweep.Done);
    }

    [Fact]
    public void Run_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        var sweep = new ControlSweep([Cell("constant:8"), Cell("constant:6")], seeds: 5);
        Assert.Throws<OperationCanceledException>(() => sweep.Run(2, TimeSpan.MaxValue, _ => source.Cancel(), source.Token));
        Assert.True(sweep.Done < sweep.Runs);
    }

    [Fact]
    public void Run_UnknownRow_SaysWhich()
    {
        SweepCell cell = Cell("constant:8") with { Rows = ["edgeml", "nobody"] };
        var error = Assert.Throws<ArgumentException>(() => new ControlSweep([cell], seeds: 2).Run(2, TimeSpan.MaxValue));
        Assert.Contains("nobody", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_ShortRun_SaysSo()
    {
        var sweep = new ControlSweep([Cell("constant:8")], seeds: 1);
        IReadOnlyList<SweepCellResult> results = sweep.Run(1, TimeSpan.MaxValue);
        using var writer = new StringWriter();
        SweepPage.Write(writer, new SweepReport
        {
            Results = results,
            CommandLine = "edgeml sweep",
            Machine = "a machine",
            Elapsed = TimeSpan.FromMinutes(1),
            Seeds = 1,
            Done = 4,
            Runs = 40,
            Cells = 10,
            Quick = false,
        }, "control.csv");
        string page = writer.ToString();
        Assert.Contains("part of the whole plan, cut short by --minutes: 4 of 40 runs.** Of 10 cells 1 have", page,
            StringComparison.Ordinal);
        Assert.Contains("| constant:8 | slow 60 ms", page, StringComparison.Ordinal);
        Assert.Contains("[control.csv](control.csv)", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_Table_HasALineForEveryRowOfEveryCell()
    {
        IReadOnlyList<SweepCellResult> results = new ControlSweep([Cell("constant:8")], seeds: 2).Run(1, TimeSpan.MaxValue);
        using var writer = new StringWriter();
        SweepTable.Write(writer, results);
        string[] lines = writer.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(1 + SweepPlan.EverywhereRows.Count, lines.Length);
        Assert.All(lines, line => Assert.Equal(lines[0].Count(c => c == ','), line.Count(c => c == ',')));
        Assert.Contains(lines, line => line.StartsWith("acceptance,constant:8,10,on,slow,60,", StringComparison.Ordinal)
            && line.Contains(",oracle,2,"));
    }

    [Fact]
    public void Filter_TextsAndRows_KeepWhatHasThem()
    {
        SweepCell[] cells = [Cell("constant:8"), Cell("square:8,1,tasks=20")];
        SweepCell cell = Assert.Single(SweepPlan.Filter(cells, ["SQUARE"], ["planner", "oracle"]));
        Assert.Equal(["planner", "oracle"], cell.Rows);
        Assert.Equal(cells, SweepPlan.Filter(cells, [], []));
        Assert.Contains("'S9'", Assert.Throws<ArgumentException>(() => SweepPlan.Filter(cells, ["S9"], [])).Message);
        Assert.Contains("'nobody'", Assert.Throws<ArgumentException>(() => SweepPlan.Filter(cells, [], ["nobody"])).Message);
    }

    [Fact]
    public void Run_SeedFactor_MultipliesTheSeedsOfACell()
    {
        var sweep = new ControlSweep([Cell("constant:8") with { SeedFactor = 3 }, Cell("constant:6")], seeds: 2);
        IReadOnlyList<SweepCellResult> results = sweep.Run(2, TimeSpan.MaxValue);
        Assert.Equal(4 * (6 + 2), sweep.Runs);
        Assert.Equal(6, results[0].Ours.Samples.Count);
    }

    [Fact]
    public void Run_TransferRows_StartFromTheSourceDevice()
    {
        SweepCell cell = Cell("constant:8", tasks: 300) with
        {
            Rows = ["ddpg", SweepTransfer.Mixed, SweepTransfer.Rehearsed],
            Source = Cell("constant:8", tasks: 300).Scenario,
        };
        SweepCellResult result = Assert.Single(new ControlSweep([cell], seeds: 1).Run(1, TimeSpan.MaxValue));
        Assert.Equal(3, result.Rows.Select(row => row.Samples[0].Metrics).Distinct().Count());
        Assert.All(result.Rows, row => Assert.InRange(row.Samples[0].FirstEpochs, 0, 1));
    }

    static string Numbers(IReadOnlyList<SweepCellResult> results) => string.Join('\n', results.SelectMany(result => result.Rows
        .Select(row => $"{result.Cell.Name} {row.Controller} {string.Join(' ', row.Samples.Select(sample => sample.Metrics))}")));
}
