using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Tests.Evaluation;

public sealed class AccuracyDoubtTests
{
    [Theory]
    [InlineData(10, 98, 1000, "9.8 % of 1000, no better than guessing among 10 classes (10 %)")]
    [InlineData(10, 0, 40, "0 % of 40, no better than guessing")]
    [InlineData(2, 52, 100, "no better than guessing among 2 classes (50 %)")]
    [InlineData(2, 70, 100, null)]
    [InlineData(10, 300, 1000, null)]
    [InlineData(1000, 1, 100, "no better than guessing among 1000 classes (0.1 %)")]
    [InlineData(1000, 30, 100, null)]
    // Too few to say anything.
    [InlineData(10, 0, 20, null)]
    public void Of_WithoutCalibration_ComparesWithGuessing(int classes, int correct, int tasks, string? expected)
    {
        string? doubt = AccuracyDoubt.Of(SyntheticModel.Manifest() with { Classes = classes }, null, correct, tasks, [4]);
        if (expected is null) Assert.Null(doubt);
        else Assert.Contains(expected, doubt);
    }

    [Theory]
    [InlineData(30, true, true)]
    [InlineData(70, true, false)]
    [InlineData(30, false, false)]
    public void Of_WithCalibration_ComparesWithIt(int correct, bool labelled, bool doubted)
    {
        float[] entropies = new float[2 * 100];
        bool[] right = [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? i < 160 : i < 190)];
        var calibration = new ExitCalibration(2, entropies, right, "test", labelled);
        string? doubt = AccuracyDoubt.Of(SyntheticModel.Manifest(), calibration, correct, 100, [1, 2]);
        if (doubted) Assert.Contains("far below the 80 % that calibration on test found", doubt);
        else Assert.Null(doubt);
    }
}
