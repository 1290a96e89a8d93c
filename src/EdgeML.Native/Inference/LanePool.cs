namespace EdgeML.Native.Inference;

/// <summary>The lanes of a session. Renting waits for a free one; the one returned last goes out first, its memory is warm.</summary>
sealed class LanePool : IDisposable
{
    readonly Lane[] _all;
    readonly Stack<Lane> _free;
    readonly SemaphoreSlim _available;
    readonly Lock _gate = new();

    public LanePool(BranchedModel model, int lanes)
    {
        _all = new Lane[lanes];
        _free = new Stack<Lane>(lanes);
        for (int i = 0; i < lanes; i++) _free.Push(_all[i] = new Lane(model));
        _available = new SemaphoreSlim(lanes, lanes);
    }

    /// <summary>Whether no task is under way.</summary>
    public bool IsIdle => _available.CurrentCount == _all.Length;

    public Lane Rent()
    {
        _available.Wait();
        return Take();
    }

    public ValueTask<Lane> RentAsync()
    {
        if (_available.Wait(0)) return new ValueTask<Lane>(Take());
        return new ValueTask<Lane>(Wait());

        async Task<Lane> Wait()
        {
            await _available.WaitAsync().ConfigureAwait(false);
            return Take();
        }
    }

    public void Return(Lane lane)
    {
        lock (_gate) _free.Push(lane);
        _available.Release();
    }

    /// <summary>Waits for lanes under way; nothing can be rented afterwards.</summary>
    public void Dispose()
    {
        foreach (var _ in _all) _available.Wait();
        foreach (var lane in _all) lane.Dispose();
        _available.Dispose();
    }

    Lane Take()
    {
        lock (_gate) return _free.Pop();
    }
}
