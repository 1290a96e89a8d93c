using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Sweeps;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Simulation.Tests.Sweeps;

/// <summary>Verdicts on numbers written down by hand.</summary>
public class MatrixVerdictsTests
{
    const int Behind = 0, Ahead = 1, After = 2, First = 3, Adaptation = 4, Exact = 5;

    static MatrixRow Row(string name, double goodput, double? first = null, double? after = null, params double[] adaptations) =>
        new(name, [new MatrixSample(
            new ReplayMetrics { Goodput = goodput, GoodputFirst100 = first ?? goodput, GoodputAfter100 = after ?? goodput },
            adaptations, default, default)]);

    static MatrixCellResult Cell(string link, MatrixPart part, params MatrixRow[] rows) => new(
        new MatrixCell(part, link, 12, false, MatrixSetting.All[0], TinyReplay.Scenario(10, 0, 2), [.. rows.Select(row => row.Controller)]),
        rows);

    static MatrixCellResult Cell(params MatrixRow[] rows) => Cell("a trace", MatrixPart.Acceptance, rows);

    static MatrixVerdict Verdict(int which, params MatrixCellResult[] cells) => MatrixVerdicts.Judge(cells)[which];

    [Theory]
    [InlineData(0.795, true)]
    [InlineData(0.79, false)]
    public void Judge_BehindTheBestRival_AtMostHalfAPoint(double ours, bool holds)
    {
        MatrixVerdict verdict = Verdict(Behind, Cell(Row("edgeml", ours), Row("ddpg", 0.5), Row("planner", 0.8), Row("oracle", 0.9)));
        Assert.Equal(holds, verdict.Holds);
        if (!holds) Assert.Equal("79.0 against 80.0 of planner", Assert.Single(verdict.Failures).Split(": ")[1]);
    }

    [Fact]
    public void Judge_Ahead_LeavesSaturatedCellsOut()
    {
        // Saturated: the oracle leads the planner by 2 points; there the planner is far ahead of edgeml.
        MatrixCellResult saturated = Cell(Row("edgeml", 0.1), Row("planner", 0.8), Row("oracle", 0.82));
        MatrixCellResult open = Cell(Row("edgeml", 0.7), Row("planner", 0.6), Row("ddpg", 0.65), Row("oracle", 0.9));
        MatrixVerdict verdict = Verdict(Ahead, saturated, open);
        Assert.True(saturated.Saturated);
        Assert.False(open.Saturated);
        Assert.Equal((2, 2), (verdict.Held, verdict.Asked));
    }

    [Fact]
    public void Judge_Ahead_ComparesEveryRivalOverTheCellsItRanIn()
    {
        MatrixCellResult one = Cell(Row("edgeml", 0.7), Row("planner", 0.6), Row("oracle", 0.9));
        MatrixCellResult two = Cell(Row("edgeml", 0.5), Row("planner", 0.55), Row("nsga3", 0.52), Row("oracle", 0.9));
        MatrixVerdict verdict = Verdict(Ahead, one, two);
        Assert.Equal((1, 2), (verdict.Held, verdict.Asked));
        Assert.Equal("nsga3: 50.0 against 52.0 over 1 cells", Assert.Single(verdict.Failures));
    }

    [Fact]
    public void Judge_Ahead_AllSaturated_IsNotMeasured()
    {
        MatrixVerdict verdict = Verdict(Ahead, Cell(Row("edgeml", 0.8), Row("planner", 0.8), Row("oracle", 0.8)));
        Assert.Equal(0, verdict.Asked);
        Assert.False(verdict.Holds);
    }

    [Fact]
    public void Judge_SharesOfTheOracle_FirstAndAfterHaveTheirOwn()
    {
        MatrixCellResult cell = Cell(Row("edgeml", 0.8, first: 0.72, after: 0.75), Row("planner", 0.8), Row("oracle", 0.8));
        Assert.True(Verdict(First, cell).Holds);
        MatrixVerdict after = Verdict(After, cell);
        Assert.False(after.Holds);
        Assert.EndsWith("75.0 of 80.0, 0.938 x", Assert.Single(after.Failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(12, false)]
    public void Judge_Adaptation_IsTheMedianOnS3(double median, bool holds)
    {
        MatrixRow ours = Row("edgeml", 0.8, null, null, 1, median, 400);
        MatrixCellResult s3 = Cell("S3", MatrixPart.Acceptance, ours, Row("planner", 0.8), Row("oracle", 0.8));
        MatrixCellResult other = Cell(Row("edgeml", 0.8, null, null, 400), Row("planner", 0.8), Row("oracle", 0.8));
        MatrixVerdict verdict = Verdict(Adaptation, s3, other);
        Assert.Equal(1, verdict.Asked);
        Assert.Equal(holds, verdict.Holds);
    }

    [Fact]
    public void Judge_Exact_ComparesWithThePlannerAlone()
    {
        MatrixCellResult cell = Cell("constant", MatrixPart.Exact,
            Row("edgeml", 0.798), Row("planner", 0.8), Row("ddpg", 0.9), Row("oracle", 0.9));
        Assert.True(Verdict(Exact, cell).Holds);
        Assert.Equal(0, Verdict(Behind, cell).Asked);
    }

    [Fact]
    public void Judge_NotANumber_DoesNotHold()
    {
        MatrixVerdict verdict = Verdict(After, Cell(
            Row("edgeml", 0.8, after: double.NaN), Row("planner", 0.8), Row("oracle", 0.8)));
        Assert.Equal((0, 1), (verdict.Held, verdict.Asked));
    }

    [Fact]
    public void Judge_Directions_NeedBothRows()
    {
        static MatrixRow Satisfied(string name, double share) =>
            new(name, [new MatrixSample(new ReplayMetrics { SatisfactionTask = share }, [], default, default)]);
        MatrixCellResult cell = Cell("S2", MatrixPart.Paper,
            Satisfied("ddpg", 0.7), Satisfied("nsga3", 0.6), Satisfied("edgeml", 1), Satisfied("oracle", 1));
        IReadOnlyList<MatrixVerdict> verdicts = MatrixDirections.Judge([cell]);
        Assert.DoesNotContain(verdicts, v => v.Demand.StartsWith("P15", StringComparison.Ordinal));
        Assert.True(verdicts.Single(v => v.Demand.StartsWith("P16", StringComparison.Ordinal)).Holds);
        Assert.Equal(PolicyControllers.Ddpg, cell.Rivals.First().Controller);
    }

    [Fact]
    public void Judge_LowPeriods_FirstAgainstSecond()
    {
        var sample = new MatrixSample(new ReplayMetrics(), [], new MatrixSample.Period(90, 0.5), new MatrixSample.Period(80, 0.6));
        MatrixCellResult cell = Cell("S3", MatrixPart.Paper, new MatrixRow("ddpg", [sample]), Row("edgeml", 1), Row("oracle", 1));
        IReadOnlyList<MatrixVerdict> verdicts = MatrixDirections.Judge([cell]);
        Assert.True(verdicts.Single(v => v.Demand.StartsWith("P36", StringComparison.Ordinal)).Holds);
        Assert.Equal((0, 1), (verdicts[^1].Held, verdicts[^1].Asked));
    }

    [Theory]
    [InlineData(0.98, false, "saturated")]
    [InlineData(0.9, true, "FAILS")]
    public void Directions_RowNearTheOracle_LeavesNoRoom(double rival, bool room, string word)
    {
        static MatrixRow Satisfied(string name, double share) => new(name,
            [.. Enumerable.Range(0, 3).Select(_ => new MatrixSample(new ReplayMetrics { SatisfactionTask = share }, [], default,
                default))]);
        MatrixDirection direction = Assert.Single(MatrixDirections.All(
            [Cell("S2", MatrixPart.Paper, Satisfied("ddpg", 0.7), Satisfied("nsga3", rival), Satisfied("oracle", 1))]));
        Assert.Equal((room, false, word), (direction.Room, direction.Holds, direction.Word));
        Assert.StartsWith($"nsga3 satisfies {100 * rival:0.0} %, ddpg 70.0 %", direction.Numbers, StringComparison.Ordinal);
        Assert.Equal(room ? 1 : 0, Assert.Single(MatrixDirections.Judge([Cell("S2", MatrixPart.Paper, Satisfied("ddpg", 0.7),
            Satisfied("nsga3", rival), Satisfied("oracle", 1))])).Asked);
    }

    [Fact]
    public void Directions_SeedsThatDisagree_AreWithinTheSpread()
    {
        static MatrixRow Satisfied(string name, params double[] shares) => new(name,
            [.. shares.Select(share => new MatrixSample(new ReplayMetrics { SatisfactionTask = share }, [], default, default))]);
        MatrixDirection direction = Assert.Single(MatrixDirections.All(
            [Cell("S2", MatrixPart.Paper, Satisfied("ddpg", 0.5, 0.9, 0.7), Satisfied("nsga3", 0.8, 0.6, 0.72),
                Satisfied("oracle", 1, 1, 1))]));
        Assert.Equal("FAILS, within the spread", direction.Word);
    }
}
