using EdgeML.Training.Branching;

namespace EdgeML.Training.Tests.Branching;

public sealed class HeadTrainingTests
{
    [Theory]
    [InlineData(20_000, 24, 8)] // 140 steps a pass: enough
    [InlineData(5000, 86, 28)]
    [InlineData(600, 750, 250)]
    [InlineData(100, 3000, 1000)]
    public void For_Samples_GivesHeadsTheirStepsAndPatienceInProportion(int samples, int passes, int patience)
    {
        HeadTraining training = new HeadTraining(Labelled: true, Seed: 1).For(samples, leastSteps: 3000);

        Assert.Equal((passes, patience), (training.Epochs, training.Patience));
        Assert.InRange(training.Epochs * training.Steps(samples * 9 / 10), 3000, 3400);
    }

    [Theory]
    [InlineData(1640, 1640, 2000, true)]
    [InlineData(1623, 1640, 2000, true)] // one standard error is 17.2
    [InlineData(1622, 1640, 2000, false)]
    [InlineData(1893, 1902, 2000, true)] // 9.7
    [InlineData(1892, 1902, 2000, false)]
    [InlineData(15, 16, 16, false)] // always right: nothing is chance
    [InlineData(0, 0, 16, true)]
    public void IsAsGood_WithinOneStandardErrorOfTheBest_IsTrue(int right, int most, int judged, bool expected) =>
        Assert.Equal(expected, HeadTraining.IsAsGood(right, most, judged));
}
