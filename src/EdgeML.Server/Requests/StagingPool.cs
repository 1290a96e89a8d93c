using EdgeML.Native.Offload.Server;

namespace EdgeML.Server.Requests;

/// <summary>Bytes of payload buffers that a server may hold, over all its models. Any thread.</summary>
sealed class StagingBudget(long most)
{
    long _held;

    public long Held => Interlocked.Read(ref _held);

    public long Most => most;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= most) return true;
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void Give(int bytes) => Interlocked.Add(ref _held, -bytes);
}

/// <summary>Pinned buffers that payloads of one model arrive in, reused by size. A buffer is taken when a request's header was
/// accepted and given back when it was answered, so a client that stops in mid-payload holds memory of the budget and no slot. Any
/// thread.</summary>
sealed class StagingPool(ITailExecutor executor, StagingBudget budget) : IDisposable
{
    readonly Lock _gate = new();
    readonly Dictionary<int, Stack<ITailPayload>> _free = [];
    bool _isDisposed;

    /// <summary>A buffer of exactly this size; null where the budget is used up.</summary>
    public ITailPayload? TryRent(int bytes)
    {
        lock (_gate)
        {
            if (_free.TryGetValue(bytes, out Stack<ITailPayload>? same) && same.TryPop(out ITailPayload? free)) return free;
            if (!budget.TryTake(bytes))
            {
                // Buffers of other sizes may lie idle.
                DropFree();
                if (!budget.TryTake(bytes)) return null;
            }
        }
        try
        {
            ITailPayload payload = executor.CreatePayload(bytes);
            // Buffers are reused by size.
            return payload.Data.Length == bytes ? payload
                : throw new InvalidOperationException($"the executor made a payload of {payload.Data.Length} bytes instead of {bytes}");
        }
        catch
        {
            budget.Give(bytes);
            throw;
        }
    }

    public void Return(ITailPayload payload)
    {
        lock (_gate)
        {
            if (!_isDisposed)
            {
                int bytes = payload.Data.Length;
                if (!_free.TryGetValue(bytes, out Stack<ITailPayload>? same)) _free[bytes] = same = new Stack<ITailPayload>();
                same.Push(payload);
                return;
            }
        }
        Drop(payload);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            DropFree();
        }
    }

    void DropFree()
    {
        foreach (Stack<ITailPayload> stack in _free.Values)
            while (stack.TryPop(out ITailPayload? payload)) Drop(payload);
    }

    void Drop(ITailPayload payload)
    {
        int bytes = payload.Data.Length;
        payload.Dispose();
        budget.Give(bytes);
    }
}
