using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Interop;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Fuses plans, ranges of units with the exits between them, into single sessions on a background thread, newest request
/// first, inside a memory budget.</summary>
/// <remarks>Making a session takes far longer than a task, and policies last a few tasks: so tasks never wait for it. They run on
/// unit-level sessions until <see cref="Version"/> changes and the fused session is there. They also stay on them when building fails,
/// whatever the exception: a plan that cannot be fused is refused, and a thread that cannot continue refuses every plan.</remarks>
sealed class FusedRanges : IDisposable
{
    // The builder rests this many times as long as it worked, so that it takes at most a third of one core from the tasks.
    const double RestFactor = 2.0;

    // An entry without an engine is being built, or refused: it is not asked for again.
    sealed class Entry
    {
        public Engine? Engine;
        public bool IsRefused;
        public long LastUse;
    }

    readonly IFusedBuilder _sessions;
    readonly Action? _fusing;
    readonly BackgroundFaults _faults = new();
    readonly long _budgetBytes;
    readonly bool _enabled;
    readonly Dictionary<PlanKey, Entry> _entries = [];
    readonly List<PlanKey> _wanted = [];
    readonly ManualResetEventSlim _idle = new(true);
    readonly CancellationTokenSource _stopping = new();
    readonly Lock _gate = new();
    readonly SemaphoreSlim _requests = new(0);
    Thread? _builder;
    long _clock;
    long _heldBytes;
    int _version;
    bool _gaveUp;

    public FusedRanges(IFusedBuilder sessions, BackendOptions options)
    {
        (_sessions, _fusing) = (sessions, options.Fusing);
        _budgetBytes = options.FusedBudgetBytes;
        // A device's engines are fused already, and building more of them beside running tasks would disturb both.
        _enabled = options.Fuse && !options.IsOnDevice;
    }

    /// <summary>Most bytes held beside the package's weights.</summary>
    public long BudgetBytes => _budgetBytes;

    /// <summary>Changes whenever a fused session came or was refused.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Bytes held beside the package's weights: sessions, and the filters they share in another layout.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes) + _sessions.CopiedBytes;

    /// <summary>Why a plan was last refused a session; null when none was.</summary>
    public string? LastRefusal { get; private set; }

    /// <summary>Unexpected exceptions of builds; the plans concerned run on unit-level sessions.</summary>
    public BackgroundFaults Faults => _faults;

    /// <summary>The fused session of a plan, or null after asking for it.</summary>
    /// <param name="key">The plan it executes.</param>
    /// <param name="isRefused">Whether there will never be one.</param>
    public Engine? Find(PlanKey key, out bool isRefused)
    {
        isRefused = !_enabled;
        if (!_enabled) return null;
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                isRefused = entry.IsRefused;
                entry.LastUse = ++_clock;
                return entry.Engine;
            }
            if (_gaveUp)
            {
                isRefused = true;
                return null;
            }
            _entries.Add(key, new Entry { LastUse = ++_clock });
            _wanted.Add(key);
            _idle.Reset();
            if (_builder is null && !TryStart())
            {
                isRefused = true;
                return null;
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

    /// <summary>Starts the thread. Inside the gate.</summary>
    bool TryStart()
    {
        var thread = new Thread(Build) { IsBackground = true, Name = "edgeml fuse", Priority = ThreadPriority.BelowNormal };
        try
        {
            thread.Start();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            GiveUp(e);
            return false;
        }
        _builder = thread;
        return true;
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Build()
    {
        try
        {
            Prepare();
            while (true)
            {
                _requests.Wait(_stopping.Token);
                PlanKey key;
                lock (_gate)
                {
                    key = _wanted[^1];
                    _wanted.RemoveAt(_wanted.Count - 1);
                }
                long started = Stopwatch.GetTimestamp();
                BuildOne(key);
                bool done;
                lock (_gate)
                {
                    done = _wanted.Count == 0;
                    if (done) _idle.Set();
                }
                if (!done) _stopping.Token.WaitHandle.WaitOne(Stopwatch.GetElapsedTime(started) * RestFactor);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _idle.Set();
        }
        catch (Exception e)
        {
            lock (_gate) GiveUp(e);
            Interlocked.Increment(ref _version);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Prepare()
    {
        try
        {
            _sessions.Prepare();
        }
        catch (Exception e)
        {
            // Every build makes then the ranges it needs, or fails for itself.
            _faults.Add("fusion", "ranges could not be made ahead", e);
        }
    }

    /// <summary>Refuses every plan that has no session yet. Inside the gate.</summary>
    void GiveUp(Exception error)
    {
        _gaveUp = true;
        _faults.Add("fusion", "stopped; plans without a fused session stay on unit-level ones", error);
        _wanted.Clear();
        foreach (Entry entry in _entries.Values) entry.IsRefused |= entry.Engine is null;
        _idle.Set();
    }

    [SuppressMessage("Design", "CA1031", Justification = "whatever a build throws, the plan has slower sessions to run on")]
    void BuildOne(PlanKey key)
    {
        Engine? engine = null;
        try
        {
            _fusing?.Invoke();
            engine = _sessions.Build(key);
        }
        catch (NativeException e)
        {
            // Separate ranges, or unit-level sessions, keep serving this plan; asking again would fail again.
            LastRefusal = e.Message;
        }
        catch (Exception e)
        {
            LastRefusal = e.Message;
            _faults.Add("fusion", "a plan stays on unit-level sessions", e);
        }
        lock (_gate)
        {
            var entry = _entries[key];
            entry.Engine = engine;
            entry.IsRefused = engine is null;
            if (engine is not null)
            {
                _heldBytes += engine.ResidentBytes;
                while (HeldBytes > _budgetBytes && EvictOldest(except: entry))
                {
                }
                if (HeldBytes > _budgetBytes)
                {
                    // Larger than the whole budget.
                    _heldBytes -= engine.ResidentBytes;
                    entry.Engine = null;
                    entry.IsRefused = true;
                    engine.Dispose();
                }
            }
        }
        Interlocked.Increment(ref _version);
    }

    bool EvictOldest(Entry except)
    {
        PlanKey? oldest = null;
        long use = long.MaxValue;
        foreach (var (key, entry) in _entries)
        {
            if (entry == except || entry.Engine is null || entry.LastUse >= use) continue;
            (oldest, use) = (key, entry.LastUse);
        }
        if (oldest is null) return false;
        _entries.Remove(oldest.Value, out var evicted);
        _heldBytes -= evicted!.Engine!.ResidentBytes;
        evicted.Engine.Dispose();
        return true;
    }
}
