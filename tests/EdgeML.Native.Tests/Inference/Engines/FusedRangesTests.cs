using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Interop;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Tests.Inference.Engines;

public sealed class FusedRangesTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Fails as a test says; an exception that left the thread of <see cref="FusedRanges"/> would end this process.</summary>
    sealed class FailingBuilder(Exception? prepare, Exception build) : IFusedBuilder
    {
        int _builds;

        public int Builds => Volatile.Read(ref _builds);

        public long CopiedBytes => 0;

        public void Prepare()
        {
            if (prepare is not null) throw prepare;
        }

        public Engine Build(PlanKey key)
        {
            Interlocked.Increment(ref _builds);
            throw build;
        }
    }

    static PlanKey Key(LoadedGraph loaded, int stop) => PlanKey.For(loaded.Manifest, 0, stop, new float[loaded.Manifest.SideExits]);

    public static TheoryData<Exception> Unexpected => new()
    {
        new InvalidDataException("the range has\na hole"),
        OutOfMemory(),
        new KeyNotFoundException("7 of 6"),
        new OperationCanceledException("cancelled by somebody else"),
    };

    static OutOfMemoryException OutOfMemory() => Assert.Throws<OutOfMemoryException>(() => GC.KeepAlive(new byte[int.MaxValue]));

    [Theory]
    [MemberData(nameof(Unexpected), DisableDiscoveryEnumeration = true)]
    public void Find_BuilderThrowsAnything_RefusesThatPlanAndGoesOn(Exception error)
    {
        using var loaded = new LoadedGraph("chain");
        var builder = new FailingBuilder(null, error);
        using var ranges = new FusedRanges(builder, new BackendOptions());
        int version = ranges.Version;
        for (int stop = 1; stop <= 2; stop++)
        {
            Assert.Null(ranges.Find(Key(loaded, stop), out bool refusedAtFirst));
            Assert.False(refusedAtFirst);
            Assert.True(ranges.WaitIdle(s_patience));
            Assert.Null(ranges.Find(Key(loaded, stop), out bool refused));
            Assert.True(refused);
            Assert.Equal(stop, builder.Builds);
        }
        Assert.Equal(version + 2, ranges.Version);
        Assert.Equal(error.Message, ranges.LastRefusal);
        Assert.Equal(2, ranges.Faults.Count);
        string line = $"fusion: a plan stays on unit-level sessions ({error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")})";
        Assert.Equal([line, line], ranges.Faults.Texts);
        Assert.Equal(0, ranges.HeldBytes);
    }

    [Fact]
    public void Find_LibraryRefuses_IsNoFault()
    {
        using var loaded = new LoadedGraph("chain");
        var error = new NativeException(NativeStatus.Unsupported, "no such operator");
        using var ranges = new FusedRanges(new FailingBuilder(null, error), new BackendOptions());
        ranges.Find(Key(loaded, 1), out _);
        Assert.True(ranges.WaitIdle(s_patience));
        Assert.Equal(error.Message, ranges.LastRefusal);
        Assert.Empty(ranges.Faults.Texts);
    }

    [Fact]
    public void Find_PreparingFails_StillBuilds()
    {
        using var loaded = new LoadedGraph("chain");
        var builder = new FailingBuilder(new InvalidDataException("not ahead"), new InvalidDataException("not now"));
        using var ranges = new FusedRanges(builder, new BackendOptions());
        ranges.Find(Key(loaded, 1), out _);
        Assert.True(ranges.WaitIdle(s_patience));
        Assert.Equal(1, builder.Builds);
        Assert.Equal("fusion: ranges could not be made ahead (InvalidDataException: not ahead)", ranges.Faults.Texts[0]);
    }

    [Fact]
    public void Run_FusingFails_UnitSessionsAnswerAndTheSessionSaysSo()
    {
        var options = new BackendOptions { Fusing = () => throw new InvalidDataException("no fusing today") };
        using var loaded = new LoadedGraph("residual", options);
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, loaded.Manifest.LocalCut) });
        var logits = new float[loaded.Manifest.Classes];
        for (int round = 0; round < 3; round++)
        {
            float[] input = loaded.Input(round);
            session.Run(input, logits);
            Assert.True(loaded.Model.WaitForFusion(s_patience));
            LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, $"round {round}");
        }
        Assert.NotEmpty(session.BackgroundFaults);
        Assert.All(session.BackgroundFaults,
            fault => Assert.Equal("fusion: a plan stays on unit-level sessions (InvalidDataException: no fusing today)", fault));
    }

    [Fact]
    public void Find_NewestFirst_OldestGoesWhenTheBudgetIsUsedUp()
    {
        // Every plan of the graph alone fits the budget of the largest of them; two do not.
        using var loaded = new LoadedGraph("residual", new BackendOptions { JoinPlans = false });
        PlanKey first = Key(loaded, loaded.Manifest.LocalCut), second = Key(loaded, 2);
        long largest = 0;
        foreach (PlanKey key in (PlanKey[])[first, second])
        {
            using Engine engine = loaded.Model.Builder.Build(key);
            largest = Math.Max(largest, engine.ResidentBytes);
        }
        using var ranges = new FusedRanges(loaded.Model.Builder, new BackendOptions { FusedBudgetBytes = largest + loaded.Model.Builder.CopiedBytes });
        foreach (PlanKey key in (PlanKey[])[first, second])
        {
            ranges.Find(key, out _);
            Assert.True(ranges.WaitIdle(s_patience));
            Assert.NotNull(ranges.Find(key, out bool refused));
            Assert.False(refused);
            Assert.InRange(ranges.HeldBytes, 1, ranges.BudgetBytes);
        }
        // Asked for again, it is made again: it was not refused.
        Assert.Null(ranges.Find(first, out bool isRefused));
        Assert.False(isRefused);
        Assert.True(ranges.WaitIdle(s_patience));
        Assert.NotNull(ranges.Find(first, out _));
    }

    [Fact]
    public void Find_LargerThanTheWholeBudget_IsRefusedAndHoldsNothing()
    {
        using var loaded = new LoadedGraph("residual", new BackendOptions { JoinPlans = false });
        using var ranges = new FusedRanges(loaded.Model.Builder, new BackendOptions { FusedBudgetBytes = 1 });
        PlanKey key = Key(loaded, loaded.Manifest.LocalCut);
        ranges.Find(key, out _);
        Assert.True(ranges.WaitIdle(s_patience));
        Assert.Null(ranges.Find(key, out bool refused));
        Assert.True(refused);
        Assert.Equal(loaded.Model.Builder.CopiedBytes, ranges.HeldBytes);
        Assert.Empty(ranges.Faults.Texts);
    }
}
