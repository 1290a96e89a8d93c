using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

public sealed class InferenceSlotPoolTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Rent_AllOfThem_AreDifferentAndTheLastReturnedGoesOutFirst()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new InferenceSlotPool(loaded.Model, 3);
        Assert.True(pool.IsIdle);
        InferenceSlot[] slots = [pool.Rent(), pool.Rent(), pool.Rent()];
        Assert.Equal(3, slots.Distinct().Count());
        Assert.False(pool.IsIdle);
        pool.Return(slots[0]);
        pool.Return(slots[2]);
        Assert.Same(slots[2], pool.Rent());
        Assert.Same(slots[0], pool.Rent());
        foreach (InferenceSlot slot in slots) pool.Return(slot);
        Assert.True(pool.IsIdle);
    }

    [Fact]
    public async Task RentAsync_NoneFree_IsServedByTheNextReturn()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new InferenceSlotPool(loaded.Model, 1);
        InferenceSlot slot = await pool.RentAsync();
        Task<InferenceSlot> waiting = pool.RentAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        pool.Return(slot);
        Assert.Same(slot, await waiting.WaitAsync(s_patience));
        Assert.False(pool.IsIdle);
        pool.Return(slot);
    }

    [Fact]
    public void Rent_ManyThreads_NeverShareASlot()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new InferenceSlotPool(loaded.Model, 2);
        var users = new System.Collections.Concurrent.ConcurrentDictionary<InferenceSlot, int>();
        int shared = 0;
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 6 }, _ =>
        {
            InferenceSlot slot = pool.Rent();
            if (users.AddOrUpdate(slot, 1, (_, count) => count + 1) != 1) Interlocked.Increment(ref shared);
            Thread.Yield();
            users.AddOrUpdate(slot, 0, (_, count) => count - 1);
            pool.Return(slot);
        });
        Assert.Equal(0, shared);
        Assert.InRange(users.Count, 1, 2);
        Assert.True(pool.IsIdle);
    }

    [Fact]
    public void Dispose_SlotUnderWay_WaitsForIt()
    {
        using var loaded = new LoadedGraph("chain");
        var pool = new InferenceSlotPool(loaded.Model, 2);
        InferenceSlot slot = pool.Rent();
        using var begun = new ManualResetEventSlim();
        int returned = 0, returnedBefore = -1;
        var disposing = new Thread(() =>
        {
            begun.Set();
            pool.Dispose();
            returnedBefore = Volatile.Read(ref returned);
        });
        disposing.Start();
        Assert.True(begun.Wait(s_patience));
        // The slot is used until it is returned; disposed before, its memory would be gone.
        slot.Load(loaded.Input(1));
        Volatile.Write(ref returned, 1);
        pool.Return(slot);
        Assert.True(disposing.Join(s_patience));
        Assert.Equal(1, returnedBefore);
    }
}
