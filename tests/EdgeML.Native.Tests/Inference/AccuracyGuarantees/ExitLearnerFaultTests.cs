using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Inference.Sessions;

namespace EdgeML.Native.Tests.Inference.AccuracyGuarantees;

public sealed class ExitLearnerFaultTests
{
    [Fact]
    public void Work_SampleThrowsAnything_IsLeftOutAndTheNextOneRuns()
    {
        using var loaded = new LoadedGraph("chain");
        using var slots = new InferenceSlotPool(loaded.Model, 1);
        var costs = new CostModel(loaded.Manifest, Hedged.Device(loaded.Manifest, 1, 0.1), null, null);
        using var learner = new ExitLearner(loaded.Model, slots, costs, share: 1, seed: 1);
        int runs = 0;
        learner.Sampling = () =>
        {
            if (Interlocked.Increment(ref runs) == 1) throw new InvalidDataException("no sample today");
        };
        long task = 0;
        Assert.True(SpinWait.SpinUntil(() =>
        {
            InferenceSlot slot = slots.Rent();
            slot.Load(loaded.Input(1));
            learner.Offer(slot, task++);
            slots.Return(slot);
            learner.WaitUntilIdle();
            return Volatile.Read(ref runs) >= 3;
        }, TimeSpan.FromSeconds(60)));
        Assert.Equal(["exits: a sample was left out (InvalidDataException: no sample today)"], learner.Faults.Texts);
    }
}
