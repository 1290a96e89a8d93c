namespace EdgeML.Native.Inference.Engines;

/// <summary>The lanes of a session. Renting waits for a free one; the one returned last goes out first, its memory is warm.</summary>
sealed class LanePool : IDisposable
{
    readonly Lane[] _all;
    readonly Stack<Lane> _free;
    readonly SemaphoreSlim _available;
    readonly Lock _gate = new();
    bool _closed;

    public LanePool(BranchedModel model, int lanes)
    {
        _all = new Lane[lanes];
        _free = new Stack<Lane>(lanes);
        for (int i = 0; i < lanes; i++) _free.Push(_all[i] = new Lane(model));
        _available = new SemaphoreSlim(lanes, lanes);
    }

    /// <summary>Whether no task is under way.</summary>
    public bool IsIdle => _available.CurrentCount == _all.Length;

    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public Lane Rent()
    {
        ThrowIfClosed();
        _available.Wait();
        return Take();
    }

    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException">By the token, before a lane was free.</exception>
    public ValueTask<Lane> RentAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfClosed();
        if (_available.Wait(0, CancellationToken.None)) return new ValueTask<Lane>(Take());
        return new ValueTask<Lane>(Wait());

        async Task<Lane> Wait()
        {
            await _available.WaitAsync(cancellation).ConfigureAwait(false);
            return Take();
        }
    }

    public void Return(Lane lane)
    {
        lock (_gate) _free.Push(lane);
        _available.Release();
    }

    /// <summary>Waits for lanes under way; nothing can be rented afterwards, and callers that wait for a lane are told so.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _closed, true);
        foreach (var _ in _all) _available.Wait();
        foreach (var lane in _all) lane.Dispose();
        // Each caller that still waits passes the places on to the next one.
        _available.Release(_all.Length);
    }

    Lane Take()
    {
        if (Volatile.Read(ref _closed))
        {
            _available.Release();
            ThrowIfClosed();
        }
        lock (_gate) return _free.Pop();
    }

    void ThrowIfClosed() => Disposed.ThrowIf(Volatile.Read(ref _closed), "EdgeSession");
}
