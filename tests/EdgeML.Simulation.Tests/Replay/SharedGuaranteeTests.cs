using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Models;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Calibration;

namespace EdgeML.Simulation.Tests.Replay;

public class SharedGuaranteeTests(ITestOutputHelper output)
{
    [Fact]
    public void Check_SharedSamples_HoldsTheGuaranteeAndSaves()
    {
        ExitCalibration pool = ExitsFile.Load(SharedData.Require("exits/vgg16-cifar10.csv"));
        ModelManifest manifest = ProfileFile.Load(
            SharedData.Require("profiles/vgg16-cifar10.csv"), "tx2").Manifest;
        GuaranteeCheckResult check = GuaranteeCheck.Run(manifest, pool, 0.005, 0.95, draws: 100, size: null, seed: 1);
        output.WriteLine($"exceeded {check.Exceeded}, saved {check.MeanSaved} of {check.HindsightSaved}, seed 1");
        Assert.InRange(check.ExceededInside, 0, 0.1);
        Assert.True(check.MeanSaved >= 0.8 * check.HindsightSaved);
    }
}
