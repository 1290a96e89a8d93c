using EdgeML.Native.Lab.Branching;

namespace EdgeML.Native.Lab.Tests.Branching;

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
}
