using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Server;

/// <summary>The tail's compute threads, their queue, and the slots. Any thread.</summary>
sealed class TailWorkers : IDisposable
{
    readonly object _gate = new();
    readonly Queue<TailJob> _queue;
    readonly Stack<TailJob> _free;
    readonly Thread[] _threads;
    readonly ITailExecutor _executor;
    readonly TailServerOptions _options;
    readonly BackgroundFaults _faults;
    readonly TailExpectation _expectation;
    readonly List<TailJob> _all = [];
    long _windowStart = Stopwatch.GetTimestamp();
    long _busyTicks;
    long _lastRun;
    int _inFlight;
    int _running;
    float _busyShare;
    float _slowdown = 1;
    bool _stopping;

    public TailWorkers(ITailExecutor executor, TailServerOptions options, BackgroundFaults? faults = null)
    {
        (_executor, _options, _faults) = (executor, options, faults ?? new BackgroundFaults());
        AllTaken = $"all {options.MaxSlots} places for requests are taken";
        _expectation = new TailExpectation(executor.Manifest, executor.Profile);
        _queue = new Queue<TailJob>(options.MaxSlots);
        _free = new Stack<TailJob>(options.MaxSlots);
        _threads = new Thread[options.ComputeThreads];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"edgeml tail compute {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>What to say where <see cref="TryRent"/> gives none.</summary>
    public string AllTaken { get; }

    public ModelManifest Manifest => _executor.Manifest;

    public DeviceProfile Profile => _executor.Profile;

    public BottleneckSet Bottlenecks => _executor.Bottlenecks;

    /// <summary>A job to receive a request into, or null when all slots are taken.</summary>
    public TailJob? TryRent()
    {
        lock (_gate)
        {
            if (_free.TryPop(out TailJob? job))
            {
                _inFlight++;
                return job;
            }
            if (_stopping || _all.Count == _options.MaxSlots) return null;
            // Slots are made under the lock: it happens a few times in a server's life, and two connections must not make one too many.
            job = new TailJob(_executor, Manifest.Classes);
            _all.Add(job);
            _inFlight++;
            return job;
        }
    }

    public void Return(TailJob job)
    {
        job.Answers = null;
        lock (_gate)
        {
            _inFlight--;
            _free.Push(job);
        }
    }

    /// <summary>Has a job computed and answered.</summary>
    /// <param name="job">Received.</param>
    /// <param name="mayRunHere">Whether this thread may do it when a compute thread would be free: it saves waking that one.</param>
    public void Submit(TailJob job, bool mayRunHere)
    {
        lock (_gate)
        {
            if (!mayRunHere || _running == _threads.Length || _queue.Count > 0)
            {
                _queue.Enqueue(job);
                Monitor.Pulse(_gate);
                return;
            }
            _running++;
        }
        Answer(job);
        lock (_gate)
        {
            _running--;
            if (_queue.Count > 0) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Fills in what the tail knows of its own load.</summary>
    public void Stamp(ref TransferTimes times)
    {
        lock (_gate)
        {
            bool recent = Stopwatch.GetElapsedTime(_lastRun) < TimeSpan.FromSeconds(1);
            times.InFlight = _inFlight;
            times.BusyShare = recent ? _busyShare : 0;
            times.Slowdown = recent ? _slowdown : (float)LoadFactor();
        }
    }

    /// <summary>Ends the threads after what is queued; slots are disposed.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads) thread.Join();
        foreach (TailJob job in _all) job.Dispose();
    }

    void Work()
    {
        bool ran = false;
        while (true)
        {
            TailJob job;
            lock (_gate)
            {
                if (ran) _running--;
                while (_queue.Count == 0 || _running == _threads.Length)
                {
                    if (_stopping && _queue.Count == 0) return;
                    Monitor.Wait(_gate);
                }
                job = _queue.Dequeue();
                _running++;
                ran = true;
            }
            Answer(job);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Answer(TailJob job)
    {
        TailAnswers answers = job.Answers!;
        try
        {
            AnswerBy(answers, job);
        }
        catch (Exception e)
        {
            // An answer that cannot be written leaves the client waiting; a broken connection tells it at once.
            _faults.Add("tail compute", "a connection was ended without an answer", e);
            answers.Abort();
        }
        Return(job);
        answers.Done();
    }

    void AnswerBy(TailAnswers answers, TailJob job)
    {
        long start = Stopwatch.GetTimestamp();
        job.Times.QueueMicros = Micros(start - job.ReceivedAt);
        string? failure = null;
        bool late = start > job.DeadlineAt;
        if (!late) failure = Run(job, start);
        Stamp(ref job.Times);
        answers.Answering();
        if (late) answers.Refuse(ErrorCode.Late, job.Request.TaskId, "", job.Times);
        else if (failure is not null) answers.Refuse(ErrorCode.Failed, job.Request.TaskId, failure, job.Times);
        else answers.Send(job.WriteReply());
    }

    [SuppressMessage("Design", "CA1031", Justification = "the client is told instead")]
    string? Run(TailJob job, long start)
    {
        try
        {
            job.Run();
            long ticks = SlowedBy(LoadFactor(), start);
            job.Times.ComputeMicros = Micros(ticks);
            Account(ticks, _expectation.Milliseconds(job.Request.Policy, job.Row.Answer.Exit));
            return null;
        }
        catch (Exception e)
        {
            // Whatever the model did, the client still has the tensor and must hear that it is on its own.
            return e.Message;
        }
    }

    double LoadFactor() => _options.LoadFactor is { } factor ? Math.Max(1, factor()) : 1;

    static long SlowedBy(double factor, long start)
    {
        long ran = Stopwatch.GetTimestamp() - start;
        if (factor <= 1) return ran;
        long end = start + (long)(ran * factor);
        int whole = (int)((end - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency) - 1;
        if (whole > 0) Thread.Sleep(whole);
        while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(20);
        return Stopwatch.GetTimestamp() - start;
    }

    void Account(long ticks, double expectedMs)
    {
        lock (_gate)
        {
            _lastRun = Stopwatch.GetTimestamp();
            if (expectedMs > 0)
            {
                float slowdown = (float)(ticks * 1000.0 / Stopwatch.Frequency / expectedMs);
                _slowdown += 0.3f * (slowdown - _slowdown);
            }
            _busyTicks += ticks;
            long window = _lastRun - _windowStart;
            if (window < Stopwatch.Frequency / 4) return;
            _busyShare = (float)Math.Min(1, (double)_busyTicks / window / _threads.Length);
            (_windowStart, _busyTicks) = (_lastRun, 0);
        }
    }

    static int Micros(long ticks) => (int)Math.Clamp(ticks * 1_000_000 / Stopwatch.Frequency, 0, int.MaxValue);
}
