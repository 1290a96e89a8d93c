using EdgeML.Native.Offload.Server;

namespace EdgeML.Server.Requests;

/// <summary>Bytes of payload buffers that a server may hold, over all its models. Any thread.</summary>
sealed class StagingBudget(long most)
{
    readonly Lock _gate = new();
    volatile StagingPool[] _pools = [];
    long _held;

    public long Held => Interlocked.Read(ref _held);

    public long Most => most;

    /// <summary>Takes bytes, where they do not suffice those of idle buffers too, whatever their size and model.</summary>
    public bool TryTake(long bytes)
    {
        if (TryAdd(bytes)) return true;
        foreach (StagingPool pool in _pools)
        {
            pool.DropFree();
            if (TryAdd(bytes)) return true;
        }
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref _held, -bytes);

    public void Add(StagingPool pool)
    {
        lock (_gate) _pools = [.. _pools, pool];
    }

    public void Remove(StagingPool pool)
    {
        lock (_gate) _pools = [.. _pools.Where(each => each != pool)];
    }

    bool TryAdd(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= most) return true;
        Give(bytes);
        return false;
    }
}

/// <summary>Pinned buffers that payloads of one model arrive in, reused by size. A buffer is taken when a request's header was
/// accepted and given back when it was answered, so a client that stops in mid-payload holds memory of the budget and no slot. Any
/// thread.</summary>
sealed class StagingPool : IDisposable
{
    readonly ITailExecutor _executor;
    readonly StagingBudget _budget;
    readonly Lock _gate = new();
    readonly Dictionary<int, Stack<ITailPayload>> _free = [];
    bool _isDisposed;

    public StagingPool(ITailExecutor executor, StagingBudget budget)
    {
        (_executor, _budget) = (executor, budget);
        budget.Add(this);
    }

    /// <summary>A buffer of exactly this size; null where the budget is used up.</summary>
    public ITailPayload? TryRent(int bytes)
    {
        lock (_gate)
        {
            if (_free.TryGetValue(bytes, out Stack<ITailPayload>? same) && same.TryPop(out ITailPayload? free)) return free;
        }
        // Not under the lock: every pool is asked for idle buffers.
        if (!_budget.TryTake(bytes)) return null;
        try
        {
            ITailPayload payload = _executor.CreatePayload(bytes);
            // Buffers are reused by size.
            return payload.Data.Length == bytes ? payload
                : throw new InvalidOperationException($"the executor made a payload of {payload.Data.Length} bytes instead of {bytes}");
        }
        catch
        {
            _budget.Give(bytes);
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
        lock (_gate) _isDisposed = true;
        _budget.Remove(this);
        DropFree();
    }

    /// <summary>Frees the buffers that lie idle.</summary>
    public void DropFree()
    {
        lock (_gate)
        {
            foreach (Stack<ITailPayload> stack in _free.Values)
                while (stack.TryPop(out ITailPayload? payload)) Drop(payload);
        }
    }

    void Drop(ITailPayload payload)
    {
        int bytes = payload.Data.Length;
        payload.Dispose();
        _budget.Give(bytes);
    }
}
