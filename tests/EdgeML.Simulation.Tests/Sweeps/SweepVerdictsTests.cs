using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Sweeps;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Simulation.Tests.Sweeps;

/// <summary>Verdicts on numbers written down by hand.</summary>
public class SweepVerdictsTests
{
    const int Behind = 0, Ahead = 1, After = 2, First = 3, Adaptation = 4, Exact = 5;

    static SweepRow Row(string name, double goodput, double? first = null, double? after = null, params double[] adaptations) =>
        new(name, [new SweepSample(
            new ReplayMetrics { Goodput = goodput, GoodputFirst100 = first ?? goodput, GoodputAfter100 = after ?? goodput },
            adaptations, default, default)]);

    static SweepCellResult Cell(string link, SweepPart part, params SweepRow[] rows) => new(
        new SweepCell(part, link, 12, false, SweepSetting.All[0], TinyReplay.Scenario(10, 0, 2), [.. rows.Select(row => row.Controller)]),
        rows);

    static SweepCellResult Cell(params SweepRow[] rows) => Cell("a trace", SweepPart.Acceptance, rows);

    static SweepVerdict Verdict(int which, params SweepCellResult[] cells) => SweepVerdicts.Judge(cells)[which];

    [Theory]
    [InlineData(0.795, true)]
    [InlineData(0.79, false)]
    public void Judge_BehindTheBestBaseline_AtMostHalfAPoint(double ours, bool holds)
    {
        SweepVerdict verdict = Verdict(Behind, Cell(Row("edgeml", ours), Row("ddpg", 0.5), Row("planner", 0.8), Row("oracle", 0.9)));
        Assert.Equal(holds, verdict.Holds);
        if (!holds) Assert.Equal("79.0 against 80.0 of planner", Assert.Single(verdict.Failures).Split(": ")[1]);
    }

    [Fact]
    public void Judge_Ahead_LeavesSaturatedCellsOut()
    {
        // Saturated: the oracle leads the planner by 2 points; there the planner is far ahead of edgeml.
        SweepCellResult saturated = Cell(Row("edgeml", 0.1), Row("planner", 0.8), Row("oracle", 0.82));
        SweepCellResult open = Cell(Row("edgeml", 0.7), Row("planner", 0.6), Row("ddpg", 0.65), Row("oracle", 0.9));
        SweepVerdict verdict = Verdict(Ahead, saturated, open);
        Assert.True(saturated.Saturated);
        Assert.False(open.Saturated);
        Assert.Equal((2, 2), (verdict.Held, verdict.Asked));
    }

    [Fact]
    public void Judge_Ahead_ComparesEveryBaselineOverTheCellsItRanIn()
    {
        SweepCellResult one = Cell(Row("edgeml", 0.7), Row("planner", 0.6), Row("oracle", 0.9));
        SweepCellResult two = Cell(Row("edgeml", 0.5), Row("planner", 0.55), Row("nsga3", 0.52), Row("oracle", 0.9));
        SweepVerdict verdict = Verdict(Ahead, one, two);
        Assert.Equal((1, 2), (verdict.Held, verdict.Asked));
        Assert.Equal("nsga3: 50.0 against 52.0 over 1 cells", Assert.Single(verdict.Failures));
    }

    [Fact]
    public void Judge_Ahead_AllSaturated_IsNotMeasured()
    {
        SweepVerdict verdict = Verdict(Ahead, Cell(Row("edgeml", 0.8), Row("planner", 0.8), Row("oracle", 0.8)));
        Assert.Equal(0, verdict.Asked);
        Assert.False(verdict.Holds);
    }

    [Fact]
    public void Judge_SharesOfTheOracle_FirstAndAfterHaveTheirOwn()
    {
        SweepCellResult cell = Cell(Row("edgeml", 0.8, first: 0.72, after: 0.75), Row("planner", 0.8), Row("oracle", 0.8));
        Assert.True(Verdict(First, cell).Holds);
        SweepVerdict after = Verdict(After, cell);
        Assert.False(after.Holds);
        Assert.EndsWith("75.0 of 80.0, 0.938 x", Assert.Single(after.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(12, false)]
    public void Judge_Adaptation_IsTheMedianOnS3(double median, bool holds)
    {
        SweepRow ours = Row("edgeml", 0.8, null, null, 1, median, 400);
        SweepCellResult s3 = Cell("S3", SweepPart.Acceptance, ours, Row("planner", 0.8), Row("oracle", 0.8));
        SweepCellResult other = Cell(Row("edgeml", 0.8, null, null, 400), Row("planner", 0.8), Row("oracle", 0.8));
        SweepVerdict verdict = Verdict(Adaptation, s3, other);
        Assert.Equal(1, verdict.Asked);
        Assert.Equal(holds, verdict.Holds);
    }

    [Fact]
    public void Judge_Exact_ComparesWithThePlannerAlone()
    {
        SweepCellResult cell = Cell("constant", SweepPart.Exact,
            Row("edgeml", 0.798), Row("planner", 0.8), Row("ddpg", 0.9), Row("oracle", 0.9));
        Assert.True(Verdict(Exact, cell).Holds);
        Assert.Equal(0, Verdict(Behind, cell).Asked);
    }

    [Fact]
    public void Judge_NotANumber_DoesNotHold()
    {
        SweepVerdict verdict = Verdict(After, Cell(
            Row("edgeml", 0.8, after: double.NaN), Row("planner", 0.8), Row("oracle", 0.8)));
        Assert.Equal((0, 1), (verdict.Held, verdict.Asked));
    }

    [Fact]
    public void Judge_Directions_NeedBothRows()
    {
        static SweepRow Satisfied(string name, double share) =>
            new(name, [new SweepSample(new ReplayMetrics { SatisfactionTask = share }, [], default, default)]);
        SweepCellResult cell = Cell("S2", SweepPart.Paper,
            Satisfied("ddpg", 0.7), Satisfied("nsga3", 0.6), Satisfied("edgeml", 1), Satisfied("oracle", 1));
        IReadOnlyList<SweepVerdict> verdicts = SweepDirections.Judge([cell]);
        Assert.DoesNotContain(verdicts, v => v.Demand.StartsWith("P15", StringComparison.Ordinal));
        Assert.True(verdicts.Single(v => v.Demand.StartsWith("P16", StringComparison.Ordinal)).Holds);
        Assert.Equal(PolicyControllers.Ddpg, cell.Baselines.First().Controller);
    }

    [Fact]
    public void Judge_LowPeriods_FirstAgainstSecond()
    {
        var sample = new SweepSample(new ReplayMetrics(), [], new SweepSample.Period(90, 0.5), new SweepSample.Period(80, 0.6));
        SweepCellResult cell = Cell("S3", SweepPart.Paper, new SweepRow("ddpg", [sample]), Row("edgeml", 1), Row("oracle", 1));
        IReadOnlyList<SweepVerdict> verdicts = SweepDirections.Judge([cell]);
        Assert.True(verdicts.Single(v => v.Demand.StartsWith("P36", StringComparison.Ordinal)).Holds);
        Assert.Equal((0, 1), (verdicts[^1].Held, verdicts[^1].Asked));
    }

    [Theory]
    [InlineData(0.98, false, "saturated")]
    [InlineData(0.9, true, "FAILS")]
    public void Directions_RowNearTheOracle_LeavesNoRoom(double baseline, bool room, string word)
    {
        static SweepRow Satisfied(string name, double share) => new(name,
            [.. Enumerable.Range(0, 3).Select(_ => new SweepSample(new ReplayMetrics { SatisfactionTask = share }, [], default,
                default))]);
        SweepDirection direction = Assert.Single(SweepDirections.All(
            [Cell("S2", SweepPart.Paper, Satisfied("ddpg", 0.7), Satisfied("nsga3", baseline), Satisfied("oracle", 1))]));
        Assert.Equal((room, false, word), (direction.Room, direction.Holds, direction.Word));
        Assert.Equal(FormattableString.Invariant($"0.700, {baseline:0.000}"), direction.Numbers);
        Assert.Equal(room ? 1 : 0, Assert.Single(SweepDirections.Judge([Cell("S2", SweepPart.Paper, Satisfied("ddpg", 0.7),
            Satisfied("nsga3", baseline), Satisfied("oracle", 1))])).Asked);
    }

    [Fact]
    public void Directions_SeedsThatDisagree_AreWithinTheSpread()
    {
        static SweepRow Satisfied(string name, params double[] shares) => new(name,
            [.. shares.Select(share => new SweepSample(new ReplayMetrics { SatisfactionTask = share }, [], default, default))]);
        SweepDirection direction = Assert.Single(SweepDirections.All(
            [Cell("S2", SweepPart.Paper, Satisfied("ddpg", 0.5, 0.9, 0.7), Satisfied("nsga3", 0.8, 0.6, 0.72),
                Satisfied("oracle", 1, 1, 1))]));
        Assert.Equal("FAILS, within the spread", direction.Word);
    }
}
