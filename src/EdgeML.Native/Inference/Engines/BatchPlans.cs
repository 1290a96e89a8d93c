using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Finds out on a background thread which plans can be computed for several rows at once, and with how many that pays. Until then,
/// and where it does not, rows are computed one by one. Any thread.</summary>
sealed class BatchPlans : IDisposable
{
    /// <summary>Most rows of a batch.</summary>
    public const int MostRows = 64;

    const int MostPlans = 256;

    // The thread rests this many times as long as it worked.
    const double RestFactor = 2.0;

    readonly BranchedModel _model;
    readonly int _rows;
    readonly BackgroundFaults _faults = new();
    readonly Dictionary<PlanKey, BatchPlan?> _plans = [];
    readonly Dictionary<(PlanRange Range, NativeOptimization Level), Engine> _engines = [];
    readonly Queue<PlanKey> _wanted = [];
    readonly Lock _gate = new();
    readonly SemaphoreSlim _requests = new(0);
    readonly ManualResetEventSlim _idle = new(true);
    readonly CancellationTokenSource _stopping = new();
    Thread? _thread;
    bool _gaveUp;

    /// <param name="model">Loaded; disposes this.</param>
    /// <param name="rows">Most of them, 2..<see cref="MostRows"/>.</param>
    public BatchPlans(BranchedModel model, int rows) => (_model, _rows) = (model, rows);

    /// <summary>Most rows of a batch.</summary>
    public int Rows => _rows;

    /// <summary>Unexpected exceptions; the plans concerned run one by one.</summary>
    public BackgroundFaults Faults => _faults;

    /// <summary>How a plan is computed for several rows; null while that is not known, and where it cannot be. Asks for it.</summary>
    public BatchPlan? Find(PlanKey key)
    {
        lock (_gate)
        {
            if (_plans.TryGetValue(key, out BatchPlan? plan) || _gaveUp || _plans.Count == MostPlans) return plan;
            _plans.Add(key, null);
            if (_thread is null && !TryStart()) return null;
            _wanted.Enqueue(key);
            _idle.Reset();
        }
        _requests.Release();
        return null;
    }

    /// <summary>Takes a plan back whose rows could not be computed together after all.</summary>
    public void Refuse(PlanKey key, string reason)
    {
        lock (_gate) _plans[key] = null;
        Note(key, reason);
    }

    /// <summary>Blocks until every plan asked for is known.</summary>
    public bool WaitIdle(TimeSpan timeout) => _idle.Wait(timeout);

    public void Dispose()
    {
        _stopping.Cancel();
        _thread?.Join();
        foreach (Engine engine in _engines.Values) engine.Dispose();
        _stopping.Dispose();
        _requests.Dispose();
        _idle.Dispose();
    }

    /// <summary>Inside the gate.</summary>
    bool TryStart()
    {
        var thread = new Thread(Work) { IsBackground = true, Name = "edgeml batch", Priority = ThreadPriority.BelowNormal };
        try
        {
            thread.Start();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            _gaveUp = true;
            _faults.Add("batching", "rows are computed one by one", e);
            return false;
        }
        _thread = thread;
        return true;
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Work()
    {
        try
        {
            while (true)
            {
                _requests.Wait(_stopping.Token);
                PlanKey key;
                lock (_gate) key = _wanted.Dequeue();
                long started = Stopwatch.GetTimestamp();
                Decide(key);
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
            lock (_gate)
            {
                _gaveUp = true;
                _idle.Set();
            }
            _faults.Add("batching", "stopped; plans not yet known are computed row by row", e);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "whatever a trial throws, the plan is computed row by row")]
    void Decide(PlanKey key)
    {
        BatchPlan? plan = null;
        try
        {
            plan = Make(key, out string? refusal);
            if (plan is null) Note(key, refusal!);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            _faults.Add("batching", $"from cut {key.Start} rows are computed one by one", e);
        }
        lock (_gate) _plans[key] = plan;
        Release();
    }

    BatchPlan? Make(PlanKey key, out string? refusal)
    {
        refusal = null;
        using var trial = new BatchTrial(_model, key, _rows);
        BatchPlan? best = null;
        // Layouts of this processor save the most where filters come from memory, which rows of a batch read once; elsewhere they may lose.
        foreach (NativeOptimization level in _model.RowLevels)
        {
            if (Engines(key, level, ref refusal) is not { } engines) continue;
            BatchPlan? plan = trial.Try(engines, out string? why, _stopping.Token);
            refusal ??= why;
            best = plan ?? best;
            if (plan is { Most: > 1 }) break;
        }
        if (best is not null) refusal = null;
        return best;
    }

    List<Engine>? Engines(PlanKey key, NativeOptimization level, ref string? refusal)
    {
        var engines = new List<Engine>();
        foreach (PlanRange range in key.Ranges(_model.Manifest))
        {
            if (!_engines.TryGetValue((range, level), out Engine? engine))
            {
                try
                {
                    engine = _model.Builder.BuildRows(range, level);
                }
                catch (NativeException e)
                {
                    refusal ??= e.Message;
                    return null;
                }
                if (engine is not { Batches: true })
                {
                    engine?.Dispose();
                    refusal ??= $"units {range.FirstUnit}..{range.LastUnit} take one row";
                    return null;
                }
                _engines.Add((range, level), engine);
            }
            engines.Add(engine);
        }
        return engines;
    }

    /// <summary>Lets go of engines that no plan came to use.</summary>
    void Release()
    {
        HashSet<Engine> used;
        lock (_gate) used = [.. _plans.Values.Where(plan => plan is { Most: > 1 }).SelectMany(plan => plan!.Engines)];
        foreach ((var key, Engine engine) in _engines.Where(each => !used.Contains(each.Value)).ToList())
        {
            _engines.Remove(key);
            engine.Dispose();
        }
    }

    void Note(PlanKey key, string reason) => _model.Note($"requests are computed row by row from cut {key.Start} on: {reason}");
}
