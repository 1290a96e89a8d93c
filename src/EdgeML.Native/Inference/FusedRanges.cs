using System.Diagnostics;
using EdgeML.Native.Interop;

namespace EdgeML.Native.Inference;

/// <summary>Fuses ranges of units into single sessions on a background thread, newest request first, inside a memory budget.</summary>
/// <remarks>Making a session takes far longer than a task, and policies last a few tasks: so tasks never wait for it. They run on
/// unit-level sessions until <see cref="Version"/> changes and the fused session is there.</remarks>
sealed class FusedRanges : IDisposable
{
    // The builder rests this many times as long as it worked, so that it takes at most a third of one core from the tasks.
    const double RestFactor = 2.0;

    // An entry without an engine is being built, or cannot be: it is not asked for again.
    sealed class Entry
    {
        public Engine? Engine;
        public long LastUse;
    }

    readonly BranchedModel _model;
    readonly long _budgetBytes;
    readonly bool _enabled;
    readonly Dictionary<PlanSegment, Entry> _entries = [];
    readonly List<PlanSegment> _wanted = [];
    readonly ManualResetEventSlim _idle = new(true);
    readonly CancellationTokenSource _stopping = new();
    readonly Lock _gate = new();
    readonly SemaphoreSlim _requests = new(0);
    Thread? _builder;
    long _clock;
    long _heldBytes;
    int _version;

    public FusedRanges(BranchedModel model, BackendOptions options)
    {
        _model = model;
        _budgetBytes = options.FusedBudgetBytes;
        _enabled = options.Fuse;
    }

    /// <summary>Changes whenever a fused session came or went.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Bytes held beside the shared weights.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>The fused session of a segment, or null after asking for it.</summary>
    public Engine? Find(PlanSegment segment)
    {
        if (!_enabled) return null;
        lock (_gate)
        {
            if (_entries.TryGetValue(segment, out var entry))
            {
                entry.LastUse = ++_clock;
                return entry.Engine;
            }
            _entries.Add(segment, new Entry { LastUse = ++_clock });
            _wanted.Add(segment);
            _idle.Reset();
            if (_builder is null)
            {
                _builder = new Thread(Build) { IsBackground = true, Name = "edgeml fuse", Priority = ThreadPriority.BelowNormal };
                _builder.Start();
            }
        }
        _requests.Release();
        return null;
    }

    /// <summary>Blocks until nothing is waiting to be fused.</summary>
    public bool WaitIdle(TimeSpan timeout) => _idle.Wait(timeout);

    public void Dispose()
    {
        _stopping.Cancel();
        _builder?.Join();
        foreach (var entry in _entries.Values) entry.Engine?.Dispose();
        _entries.Clear();
        _stopping.Dispose();
        _requests.Dispose();
        _idle.Dispose();
    }

    void Build()
    {
        try
        {
            while (true)
            {
                _requests.Wait(_stopping.Token);
                PlanSegment segment;
                lock (_gate)
                {
                    segment = _wanted[^1];
                    _wanted.RemoveAt(_wanted.Count - 1);
                }
                long started = Stopwatch.GetTimestamp();
                BuildOne(segment);
                bool done;
                lock (_gate)
                {
                    done = _wanted.Count == 0;
                    if (done) _idle.Set();
                }
                if (!done) _stopping.Token.WaitHandle.WaitOne(Stopwatch.GetElapsedTime(started) * RestFactor);
            }
        }
        catch (OperationCanceledException)
        {
            _idle.Set();
        }
    }

    void BuildOne(PlanSegment segment)
    {
        Engine? engine = null;
        try
        {
            engine = _model.BuildFused(segment);
        }
        catch (NativeException)
        {
            // The unit-level sessions keep serving this range; asking again would fail again.
        }
        lock (_gate)
        {
            var entry = _entries[segment];
            entry.Engine = engine;
            if (engine is null) return;
            _heldBytes += engine.ResidentBytes;
            while (_heldBytes > _budgetBytes && EvictOldest(except: entry))
            {
            }
            if (_heldBytes > _budgetBytes)
            {
                // Larger than the whole budget: it stays unit-level for good.
                _heldBytes -= engine.ResidentBytes;
                entry.Engine = null;
                engine.Dispose();
                return;
            }
        }
        Interlocked.Increment(ref _version);
    }

    bool EvictOldest(Entry except)
    {
        PlanSegment? oldest = null;
        long use = long.MaxValue;
        foreach (var (segment, entry) in _entries)
        {
            if (entry == except || entry.Engine is null || entry.LastUse >= use) continue;
            (oldest, use) = (segment, entry.LastUse);
        }
        if (oldest is null) return false;
        _entries.Remove(oldest.Value, out var evicted);
        _heldBytes -= evicted!.Engine!.ResidentBytes;
        evicted.Engine.Dispose();
        return true;
    }
}
