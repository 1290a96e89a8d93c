using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Server.Configuration;
using EdgeML.Server.Requests;
using EdgeML.Server.Transport;

namespace EdgeML.Server.Scheduling;

/// <summary>The threads that compute, and the queue before them. Any thread.</summary>
sealed class ComputeThreads : IDisposable
{
    readonly object _gate = new();
    readonly FairQueue _queue = new();
    readonly Thread[] _threads;
    readonly TailServerOptions _options;
    readonly BackgroundFaults _faults;
    readonly TailMeters _meters;
    readonly LoadMeter _load;
    int _running;
    int _inFlight;
    double _runningMs;
    bool _stopping;

    public ComputeThreads(TailServerOptions options, TailMeters meters, BackgroundFaults faults)
    {
        (_options, _meters, _faults) = (options, meters, faults);
        _load = new LoadMeter(options.ComputeThreads, options.LoadFactor);
        _threads = new Thread[options.ComputeThreads];
        for (int i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"edgeml tail compute {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Requests received, waiting or computed now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Requests that wait for a compute thread.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _queue.Count;
        }
    }

    /// <summary>Milliseconds until the answer to a request of a device would be there if it came now, by profile and load.</summary>
    public double ExpectedWaitMs(DeviceFlow flow, double costMs)
    {
        lock (_gate)
        {
            double before = _running < _threads.Length ? 0 : (_runningMs + _queue.WaitFor(flow)) / _threads.Length;
            // Not for the request itself: after one slow run an idle server would refuse what it has the time for.
            return (before * _load.Slowdown) + costMs;
        }
    }

    /// <summary>A request is being received; <see cref="Leave"/> follows, or <see cref="Submit"/>.</summary>
    public void Enter() => Interlocked.Increment(ref _inFlight);

    /// <summary>A request that was not submitted is gone.</summary>
    public void Leave() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Has a request computed and answered.</summary>
    /// <param name="job">Received.</param>
    /// <param name="batch">Where this thread may compute it itself while a compute thread would be free: an empty list of the caller's,
    /// which saves waking that thread. Otherwise null.</param>
    public void Submit(TailJob job, List<TailJob>? batch)
    {
        lock (_gate)
        {
            if (batch is null || _running == _threads.Length || _queue.Count > 0)
            {
                _queue.Add(job);
                Monitor.Pulse(_gate);
                return;
            }
            _running++;
            _runningMs += job.CostMs;
        }
        batch.Add(job);
        double costMs = job.CostMs;
        Answer(batch);
        lock (_gate)
        {
            _running--;
            _runningMs = _running == 0 ? 0 : _runningMs - costMs;
            if (_queue.Count > 0) Monitor.Pulse(_gate);
        }
    }

    /// <summary>Fills in the tail's load.</summary>
    public void Stamp(ref TransferTimes times)
    {
        times.InFlight = InFlight;
        _load.Stamp(ref times);
    }

    /// <summary>Ends the threads after the queued requests.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        foreach (Thread thread in _threads) thread.Join();
    }

    void Work()
    {
        var batch = new List<TailJob>();
        double costMs = 0;
        bool ran = false;
        while (true)
        {
            lock (_gate)
            {
                if (ran)
                {
                    _running--;
                    _runningMs = _running == 0 ? 0 : _runningMs - costMs;
                }
                while (_queue.Count == 0 || _running == _threads.Length)
                {
                    if (_stopping && _queue.Count == 0) return;
                    ran = false;
                    Monitor.Wait(_gate);
                }
                _queue.Take(batch);
                _running++;
                costMs = 0;
                foreach (TailJob job in batch) costMs += job.CostMs;
                _runningMs += costMs;
                ran = true;
            }
            Answer(batch);
        }
    }

    /// <summary>Computes and answers; the list is empty afterwards.</summary>
    void Answer(List<TailJob> batch)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = batch.Count - 1; i >= 0; i--)
        {
            TailJob job = batch[i];
            job.Times.QueueMicros = Micros(start - job.ReceivedAt);
            if (start <= job.DeadlineAt) continue;
            batch.RemoveAt(i);
            Finish(job, ErrorCode.Late, "");
        }
        if (batch.Count == 0) return;
        (ErrorCode code, string text) = Run(batch, start);
        foreach (TailJob job in batch) Finish(job, code, text);
        batch.Clear();
    }

    [SuppressMessage("Design", "CA1031", Justification = "the clients get an error instead")]
    (ErrorCode Code, string Text) Run(List<TailJob> batch, long start)
    {
        ServedModel model = batch[0].Model;
        try
        {
            ITailSlot slot = model.RentSlot();
            try
            {
                var rows = ArrayPool<TailRow>.Shared.Rent(batch.Count);
                for (int i = 0; i < batch.Count; i++) rows[i] = batch[i].Row;
                slot.Run(rows.AsSpan(0, batch.Count));
                rows.AsSpan(0, batch.Count).Clear();
                ArrayPool<TailRow>.Shared.Return(rows);
            }
            finally
            {
                model.Return(slot);
            }
            long ticks = _load.Stretched(start);
            int micros = Micros(ticks);
            foreach (TailJob job in batch) job.Times.ComputeMicros = micros;
            double expected = batch.Count == 1 ? model.ExpectedMs(batch[0].Row.Policy, batch[0].Row.Answer.Exit) : double.NaN;
            _load.Account(ticks, expected);
            _meters.Computed(model, batch.Count, ticks);
            return (0, "");
        }
        catch (Exception e)
        {
            // Whatever the model did, the clients still have their tensors and must hear that they are on their own.
            return (ErrorCode.Failed, e.Message);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Finish(TailJob job, ErrorCode code, string text)
    {
        AnswerQueue answers = job.Answers!;
        try
        {
            Stamp(ref job.Times);
            answers.Answering();
            if (code != 0)
            {
                job.Model.Counts.Refuse(code);
                answers.Refuse(code, job.TaskId, text, job.Times);
            }
            else
            {
                ReadOnlySpan<byte> reply = job.WriteReply();
                job.Model.Counts.Answer(job.Row.Answer.Exit, reply.Length);
                answers.Send(reply);
            }
            _meters.Waited(job);
        }
        catch (Exception e)
        {
            // For instance a listener of metrics that throws. The client may wait for an answer that was not sent.
            _faults.Add("tail compute", "a connection was ended", e);
            answers.Cut("the tail failed");
        }
        Leave();
        job.Client!.Leave();
        job.Model.Return(job);
        answers.Answered();
    }

    static int Micros(long ticks) => (int)Math.Clamp(ticks * 1_000_000 / Stopwatch.Frequency, 0, int.MaxValue);
}
