using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Faults;

namespace EdgeML.Cli.Tests;

/// <summary>A tail as its own process, and a link that fails in every way, again and again. The benchmarks do the same for longer
/// (<c>--faults</c>).</summary>
public class LinkFaultTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    [Fact]
    public void FiveHundredFaults_EveryTaskIsAnsweredOnce_ByTheLocalNetworksClass()
    {
        using var model = BranchedModel.Load(package.Model);
        FaultReport report = FaultCampaign.Run(
            model, new FaultSettings
            {
                Faults = 500,
                Seed = 20260,
                TailCommand = EdgemlProcess.Command("tail", "--model", package.Model, "--listen", "127.0.0.1:0"),
            },
            _ => { });

        output.WriteLine(report.ToString());
        Assert.Empty(report.Complaints());
    }
}
