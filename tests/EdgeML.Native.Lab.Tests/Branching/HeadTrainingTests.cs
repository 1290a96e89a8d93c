using EdgeML.Native.Lab.Branching;

namespace EdgeML.Native.Lab.Tests.Branching;

public sealed class HeadTrainingTests
{
    [Theory]
    [InlineData(20_000, 24, 12)] // 140 steps a pass: enough
    [InlineData(5000, 86, 43)]
    [InlineData(600, 750, 375)]
    [InlineData(100, 3000, 1500)]
    public void For_Samples_GivesHeadsTheirStepsAndPatienceInProportion(int samples, int passes, int patience)
    {
        HeadTraining training = new HeadTraining(Labelled: true, Seed: 1).For(samples, leastSteps: 3000);

        Assert.Equal((passes, patience), (training.Epochs, training.Patience));
        Assert.InRange(training.Epochs * training.Steps(samples * 9 / 10), 3000, 3400);
    }
}
