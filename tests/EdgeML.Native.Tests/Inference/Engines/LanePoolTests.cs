using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

public sealed class LanePoolTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Rent_AllOfThem_AreDifferentAndTheLastReturnedGoesOutFirst()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new LanePool(loaded.Model, 3);
        Assert.True(pool.IsIdle);
        Lane[] lanes = [pool.Rent(), pool.Rent(), pool.Rent()];
        Assert.Equal(3, lanes.Distinct().Count());
        Assert.False(pool.IsIdle);
        pool.Return(lanes[0]);
        pool.Return(lanes[2]);
        Assert.Same(lanes[2], pool.Rent());
        Assert.Same(lanes[0], pool.Rent());
        foreach (Lane lane in lanes) pool.Return(lane);
        Assert.True(pool.IsIdle);
    }

    [Fact]
    public async Task RentAsync_NoneFree_IsServedByTheNextReturn()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new LanePool(loaded.Model, 1);
        Lane lane = await pool.RentAsync();
        Task<Lane> waiting = pool.RentAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        pool.Return(lane);
        Assert.Same(lane, await waiting.WaitAsync(s_patience));
        Assert.False(pool.IsIdle);
        pool.Return(lane);
    }

    [Fact]
    public void Rent_ManyThreads_NeverShareALane()
    {
        using var loaded = new LoadedGraph("chain");
        using var pool = new LanePool(loaded.Model, 2);
        var users = new System.Collections.Concurrent.ConcurrentDictionary<Lane, int>();
        int shared = 0;
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 6 }, _ =>
        {
            Lane lane = pool.Rent();
            if (users.AddOrUpdate(lane, 1, (_, count) => count + 1) != 1) Interlocked.Increment(ref shared);
            Thread.Yield();
            users.AddOrUpdate(lane, 0, (_, count) => count - 1);
            pool.Return(lane);
        });
        Assert.Equal(0, shared);
        Assert.InRange(users.Count, 1, 2);
        Assert.True(pool.IsIdle);
    }

    [Fact]
    public void Dispose_LaneUnderWay_WaitsForIt()
    {
        using var loaded = new LoadedGraph("chain");
        var pool = new LanePool(loaded.Model, 2);
        Lane lane = pool.Rent();
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
        // The lane is used until it is returned; disposed before, its memory would be gone.
        lane.Load(loaded.Input(1));
        Volatile.Write(ref returned, 1);
        pool.Return(lane);
        Assert.True(disposing.Join(s_patience));
        Assert.Equal(1, returnedBefore);
    }
}
