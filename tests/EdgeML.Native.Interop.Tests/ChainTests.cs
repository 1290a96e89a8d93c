using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop.Tests;

public unsafe class ChainTests
{
    [Fact]
    public void Run_SureInput_LeavesAtTheFirstExit()
    {
        using var network = new TinyNetwork();
        TinyNetwork.Floats(network.Input)[1] = 20;
        RunResultNative result = network.Run(0.5f);
        Assert.Equal(NativeOutcome.Exited, result.Outcome);
        Assert.Equal((1u, 1, 1u), (result.ExitIndex, result.Label, result.StagesRun));
        Assert.InRange(result.Entropy, 0, 1e-6f);
        Assert.Equal(40f, result.Logits[1]);
        Assert.Equal(32ul, result.CutBytes);
        Assert.Equal(TinyNetwork.Floats(network.Features).ToArray(), new ReadOnlySpan<float>(result.Cut, 8).ToArray());
    }

    [Fact]
    public void Run_UnsureInput_ReachesTheFinalExit()
    {
        using var network = new TinyNetwork();
        TinyNetwork.Floats(network.Input)[0] = 0.1f;
        RunResultNative result = network.Run(0.5f);
        Assert.Equal(NativeOutcome.Final, result.Outcome);
        Assert.Equal((2u, 2, 2u), (result.ExitIndex, result.Label, result.StagesRun));
        Assert.InRange(result.ExitEntropy[0], 0.9f, 1f);
        Assert.True(float.IsNaN(result.ExitEntropy[1]));
        Assert.Equal(-1, result.ExitLabel[1]);
    }

    [Fact]
    public void Run_SecondThread_IsTurnedAwayAsBusy()
    {
        using var network = new TinyNetwork();
        int busy = 0, done = 0, other = 0;
        void Hammer()
        {
            var result = new RunResultNative();
            while (Volatile.Read(ref done) < 2000 || (Volatile.Read(ref busy) == 0 && Volatile.Read(ref done) < 5_000_000))
            {
                NativeStatus status = network.TryRun(0.5f, ref result);
                if (status == NativeStatus.Ok) Interlocked.Increment(ref done);
                else if (status == NativeStatus.Busy) Interlocked.Increment(ref busy);
                else Interlocked.Increment(ref other);
            }
        }
        var second = new Thread(Hammer);
        second.Start();
        Hammer();
        second.Join();
        Assert.True(busy > 0, $"{done} runs and nobody was turned away");
        Assert.Equal(0, other);
        Assert.Equal(NativeOutcome.Final, network.Run(0.5f).Outcome);
    }

    [Fact]
    public void Run_TenThousandTimes_AllocatesNothing()
    {
        using var network = new TinyNetwork();
        TinyNetwork.Floats(network.Input)[0] = 0.1f;
        RunMany(network, 1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RunMany(network, 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        static void RunMany(TinyNetwork network, int count)
        {
            var result = new RunResultNative();
            for (int i = 0; i < count; i++)
            {
                NativeStatus status = network.TryRun(0.5f, ref result);
                if (status != NativeStatus.Ok) throw new InvalidOperationException(status.ToString());
            }
        }
    }

    [Fact]
    public void BufferView_Headroom_LiesInFrontOfAlignedData()
    {
        using var network = new TinyNetwork();
        var view = new BufferViewNative();
        NativeError.Check(NativeMethods.BufferGetView(ref view, network.Features));
        Assert.Equal((32ul, 100ul), (view.Bytes, view.Headroom));
        Assert.Equal(0, (nint)view.Data % 64);
        new Span<byte>((byte*)view.Data - view.Headroom, (int)view.Headroom).Fill(0xff);
        Assert.Equal(0f, TinyNetwork.Floats(network.Features)[0]);
    }

    [Fact]
    public void Decide_TieAndNaN_FollowTheRules()
    {
        NativeLibraryLoader.EnsureLoaded();
        var decision = new DecisionNative();
        NativeError.Check(NativeMethods.Decide(ref decision, [1f, 5f, 5f], 3));
        Assert.Equal((1, 0u, 0f), (decision.Label, decision.Flags, decision.Margin));
        NativeError.Check(NativeMethods.Decide(ref decision, [1f, float.NaN], 2));
        Assert.Equal(DecisionNative.Invalid, decision.Flags);
        Assert.True(float.IsNaN(decision.Entropy));
    }
}
