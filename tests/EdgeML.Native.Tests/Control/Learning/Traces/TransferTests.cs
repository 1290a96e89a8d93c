using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Controllers;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Learning.Traces;

public class TransferTests(ITestOutputHelper output)
{
    const int Epochs = 200;

    static CostModel Model(double unitMs) => new(
        SyntheticModel.Manifest(), SyntheticModel.Edge(unitMs), SyntheticModel.Edge(0.4), SyntheticModel.Samples(300, 2), rawInput: false);

    /// <summary>Satisfied share over the first 200 epochs on the slower device.</summary>
    static double Satisfaction(CostModel target, int seed, TransitionTrace? trace, int updates = 0)
    {
        var world = new TinyWorld(target, 50 + seed);
        var context = new ControllerContext { Model = target, Seed = 100 + seed, SourceTrace = trace, SourceUpdates = updates };
        world.Run(PolicyControllers.Create(PolicyControllers.Ddpg, context), 5 * Epochs, Epochs);
        return world.Satisfied.Count(satisfied => satisfied) / (double)world.Satisfied.Count;
    }

    [Fact]
    public void Run_TraceOfAFasterDevice_IsAheadOfScratchInTheFirstEpochs()
    {
        CostModel source = Model(5), target = Model(8);
        var trace = new TransitionTrace();
        var recording = new ControllerContext { Model = source, Seed = 1, RecordTrace = trace };
        new TinyWorld(source).Run(PolicyControllers.Create(PolicyControllers.Ddpg, recording), 5000, 1000);
        Assert.Equal(1000, trace.Count);
        (int mixedAhead, int warmAhead) = (0, 0);
        for (int seed = 1; seed <= 5; seed++)
        {
            (double scratch, double mixed) = (Satisfaction(target, seed, null), Satisfaction(target, seed, trace));
            double warm = Satisfaction(target, seed, trace, updates: 300);
            output.WriteLine($"seed {seed}: scratch {scratch:0.000}, mixed in {mixed:0.000}, after 300 updates {warm:0.000}");
            if (mixed > scratch) mixedAhead++;
            if (warm > scratch) warmAhead++;
        }
        Assert.True(mixedAhead >= 3, $"mixed in, ahead for {mixedAhead} of 5 seeds");
        Assert.True(warmAhead >= 4, $"after updates beforehand, ahead for {warmAhead} of 5 seeds");
    }

    [Fact]
    public void Run_EdgeMLWithATrace_RecordsAndStarts()
    {
        CostModel model = Model(5);
        var trace = new TransitionTrace();
        var recording = new ControllerContext { Model = model, RecordTrace = trace };
        new TinyWorld(model).Run(PolicyControllers.Create(PolicyControllers.EdgeML, recording), 500);
        Assert.InRange(trace.Count, 100, 500);
        CostModel slower = Model(7);
        var context = new ControllerContext { Model = slower, SourceTrace = trace };
        List<ExitPolicy> first = new TinyWorld(slower).Run(PolicyControllers.Create(PolicyControllers.EdgeML, context), 300);
        Assert.Equal(first, new TinyWorld(slower).Run(PolicyControllers.Create(PolicyControllers.EdgeML, context), 300));
    }
}
