using System.Diagnostics;

namespace EdgeML.Native.Inference.Engines;

/// <summary>The slots of a session. Renting waits for a free one; the one returned last goes out first, its memory is warm.</summary>
sealed class InferenceSlotPool : IDisposable
{
    readonly InferenceSlot[] _all;
    readonly Stack<InferenceSlot> _free;
    readonly SemaphoreSlim _available;
    readonly Lock _gate = new();
    bool _closed;

    public InferenceSlotPool(BranchedModel model, int slots)
    {
        _all = new InferenceSlot[slots];
        _free = new Stack<InferenceSlot>(slots);
        for (int i = 0; i < slots; i++) _free.Push(_all[i] = new InferenceSlot(model));
        _available = new SemaphoreSlim(slots, slots);
    }

    /// <summary>Whether no task is under way.</summary>
    public bool IsIdle => _available.CurrentCount == _all.Length;

    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public InferenceSlot Rent()
    {
        ThrowIfClosed();
        if (_available.Wait(0)) return Take(waitedMs: 0);
        long called = Stopwatch.GetTimestamp();
        _available.Wait();
        return Take(Stopwatch.GetElapsedTime(called).TotalMilliseconds);
    }

    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException">By the token, before a slot was free.</exception>
    public ValueTask<InferenceSlot> RentAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ThrowIfClosed();
        if (_available.Wait(0, CancellationToken.None)) return new ValueTask<InferenceSlot>(Take(waitedMs: 0));
        return new ValueTask<InferenceSlot>(Wait());

        async Task<InferenceSlot> Wait()
        {
            long called = Stopwatch.GetTimestamp();
            await _available.WaitAsync(cancellation).ConfigureAwait(false);
            return Take(Stopwatch.GetElapsedTime(called).TotalMilliseconds);
        }
    }

    public void Return(InferenceSlot slot)
    {
        lock (_gate) _free.Push(slot);
        _available.Release();
    }

    /// <summary>Waits for slots under way; nothing can be rented afterwards, and callers that wait for a slot get an exception.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _closed, true);
        foreach (var _ in _all) _available.Wait();
        foreach (var slot in _all) slot.Dispose();
        // Each caller that still waits passes the places on to the next one.
        _available.Release(_all.Length);
    }

    InferenceSlot Take(double waitedMs)
    {
        if (Volatile.Read(ref _closed))
        {
            _available.Release();
            ThrowIfClosed();
        }
        InferenceSlot slot;
        lock (_gate) slot = _free.Pop();
        slot.WaitedMs = waitedMs;
        return slot;
    }

    void ThrowIfClosed() => Disposed.ThrowIf(Volatile.Read(ref _closed), "EdgeSession");
}
