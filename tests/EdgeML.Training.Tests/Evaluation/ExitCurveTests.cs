using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Tests.Evaluation;

public class ExitCurveTests
{
    // Two units of 100 and 300 MACs; one side exit behind the first, its head 10.
    static readonly ModelManifest s_manifest = new()
    {
        Name = "two",
        Hash = "sha256:0",
        Input = new([4], "float32", 1),
        Classes = 2,
        Units = [new(1, "a", 100, 16, [4]), new(2, "b", 300, 8, [2])],
        Cuts = [new(0, 16, true, "x"), new(1, 16, true, "a"), new(2, 0, true, "")],
        Exits = [new(1, "exit1", 1, 10, 1), new(2, "logits", 2, 0, 0)],
    };

    static ExitCurve Curve() => new(
        new(2, [0.1f, 0f, 0.5f, 0f, float.NaN, 0f, 0.9f, 0f], [true, true, false, true, false, true, true, false], "test",
            labelled: true), s_manifest);

    [Fact]
    public void Sweep_ByHand_AccuracyWorkAndShares()
    {
        IReadOnlyList<ExitCurveRow> rows = Curve().Sweep([0, 0.3, 0.5, 1]);

        // Threshold 0: no head is run, everybody reaches the end; three of four are right there.
        Assert.Equal((0.75, 400.0), (rows[0].Accuracy, rows[0].MeanMacs));
        // 0.3: the first sample leaves, and the end pays for the head it tried.
        Assert.Equal((0.75, (110 + (3 * 410)) / 4.0), (rows[1].Accuracy, rows[1].MeanMacs));
        Assert.Equal([0.25, 0.75], rows[1].Shares);
        // Strictly below: 0.5 does not take the sample with entropy 0.5.
        Assert.Equal(rows[1].Shares, rows[2].Shares);
        // 1: all but the sample whose entropy is no number.
        Assert.Equal([0.75, 0.25], rows[3].Shares);
        Assert.Equal(0.75, rows[3].Accuracy);
    }

    [Fact]
    public void ExitAccuracies_ByHand_EachExitAlone()
    {
        ExitCurve curve = Curve();
        Assert.Equal([0.5, 0.75], curve.ExitAccuracies());
        Assert.Equal([110L, 410L], curve.MacsTo());
    }

    [Fact]
    public void Constructor_OtherNumberOfExits_SaysBoth()
    {
        var e = Assert.Throws<ArgumentException>(() => new ExitCurve(new(1, [0f], [true], "test", labelled: true), s_manifest));
        Assert.Contains("record of 1 exits, the model has 2", e.Message);
    }

    [Fact]
    public void Chart_Drawn_IsAnSvgFileOfItsOwn()
    {
        ExitCurve curve = Curve();
        string svg = ExitCurveChart.Draw(curve, curve.Sweep(ExitCurve.DefaultThresholds), "a < b");
        Assert.StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\"", svg);
        Assert.Contains("a &lt; b", svg);
        Assert.Equal(svg.Count(c => c == '<'), svg.Count(c => c == '>'));
    }
}
