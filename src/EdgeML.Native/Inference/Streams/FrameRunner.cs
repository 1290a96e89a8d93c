using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Streams;

/// <summary>Answers the frames of a source: one thread reads, one or more answer, results come in the order of frames. Memory is taken once; in
/// steady state <see cref="Run"/> allocates nothing per frame.</summary>
/// <remarks>One run at a time; counters and histograms may be read by any thread meanwhile; the next run continues them. Session and source
/// stay the caller's.</remarks>
public sealed class FrameRunner
{
    readonly EdgeSession _session;
    readonly IFrameSource _source;
    readonly FrameRunnerOptions _options;
    readonly Func<long> _now;
    long _read, _answered, _dropped, _late;
    int _running;

    /// <summary>Prepares a runner; nothing is read yet.</summary>
    /// <param name="session">Answers the frames; other callers may use it, too.</param>
    /// <param name="source">Read by one thread at a time.</param>
    /// <param name="options">Null for the newest frame, as fast as the source delivers, one worker.</param>
    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    public FrameRunner(EdgeSession session, IFrameSource source, FrameRunnerOptions? options = null)
        : this(session, source, options, Stopwatch.GetTimestamp)
    {
    }

    internal FrameRunner(EdgeSession session, IFrameSource source, FrameRunnerOptions? options, Func<long> now)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(source);
        (_session, _source, _options, _now) = (session, source, options ?? new FrameRunnerOptions(), now);
        _options.Check(session.InFlight);
    }

    /// <summary>Frames so far, by outcome.</summary>
    public FrameCounters Counters =>
        new(Volatile.Read(ref _read), Volatile.Read(ref _answered), Volatile.Read(ref _dropped), Volatile.Read(ref _late));

    /// <summary>From taking a frame to its answer, milliseconds.</summary>
    public FrameHistogram Latency { get; } = new();

    /// <summary>By how much the time between two answers differs from the time between their frames, milliseconds: D of RFC 3550, section
    /// 6.4.1, without its sign.</summary>
    public FrameHistogram Jitter { get; } = new();

    /// <summary>Waits for the next due frame instead of the clock; for tests.</summary>
    internal Action<TimeSpan, CancellationToken>? Waiting { get; set; }

    /// <summary>Answers frames until the source ends. The calling thread is one of the workers.</summary>
    /// <param name="onResult">Called for each answer, one at a time and in the order of frames, on a worker. While it runs, that worker answers
    /// no frame. An exception ends the run, which throws it.</param>
    /// <param name="cancellation">Ends the run after the frames that are being answered. A source that does not watch its token is waited for until its
    /// next frame.</param>
    /// <exception cref="InvalidOperationException">A run is under way.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellation"/>.</exception>
    public void Run(FrameHandler onResult, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(onResult);
        if (Interlocked.Exchange(ref _running, 1) != 0) throw new InvalidOperationException("this runner is running already");
        try
        {
            cancellation.ThrowIfCancellationRequested();
            _session.WarmUpOnce();
            using var run = new FrameRun(this, onResult, cancellation);
            run.Execute();
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    /// <summary>The same as a stream of results. One answer waits for the consumer; while it does, the next frame is computed, and no further
    /// one.</summary>
    /// <param name="cancellation">Ends the stream with an <see cref="OperationCanceledException"/>. Leaving the loop ends it, too.</param>
    /// <exception cref="InvalidOperationException">A run is under way.</exception>
    public async IAsyncEnumerable<FrameResult> RunAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var results = Channel.CreateBounded<FrameResult>(new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task run = Task.Factory.StartNew(
            () => Produce(results.Writer, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await foreach (FrameResult result in results.Reader.ReadAllAsync(stop.Token).ConfigureAwait(false)) yield return result;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "the consumer of the channel throws it")]
    void Produce(ChannelWriter<FrameResult> results, CancellationToken stop)
    {
        try
        {
            Run((in FrameResult result, ReadOnlySpan<float> _) => Write(result), stop);
            results.Complete();
        }
        catch (Exception e)
        {
            results.Complete(e);
        }

        void Write(FrameResult result)
        {
            ValueTask write = results.WriteAsync(result, stop);
            if (!write.IsCompletedSuccessfully) write.AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>One run: a reading thread, and workers with the caller as the first.</summary>
    sealed class FrameRun : IDisposable
    {
        readonly FrameRunner _runner;
        readonly FrameHandler _onResult;
        readonly FrameQueue _queue;
        readonly CancellationTokenSource _stop;
        readonly CancellationTokenRegistration _stopping;
        readonly object _turns = new();
        readonly FramePace _pace;
        readonly double _deadlineMs;
        long _nextAnswered;
        double _lastMs = double.NaN;
        bool _hasGap;
        ExceptionDispatchInfo? _fault;

        public FrameRun(FrameRunner runner, FrameHandler onResult, CancellationToken cancellation)
        {
            (_runner, _onResult) = (runner, onResult);
            _queue = new FrameQueue(runner._options);
            _pace = new FramePace(runner._options.FramesPerSecond, runner._now);
            _deadlineMs = runner._options.DeadlineMs ?? double.NaN;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _stopping = _stop.Token.UnsafeRegister(static run => ((FrameRun)run!).End(), this);
        }

        public void Execute()
        {
            var threads = new List<Thread>();
            try
            {
                threads.Add(Start(Read, "edgeml frames"));
                for (int i = 1; i < _runner._options.Workers; i++) threads.Add(Start(Answer, $"edgeml frames {i + 1}"));
                Answer();
            }
            catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
            {
                Fail(e);
            }
            foreach (Thread thread in threads) thread.Join();
            _fault?.Throw();
        }

        public void Dispose()
        {
            _stopping.Dispose();
            _stop.Dispose();
        }

        static Thread Start(Action work, string name)
        {
            var thread = new Thread(() => work()) { IsBackground = true, Name = name };
            thread.Start();
            return thread;
        }

        [SuppressMessage("Design", "CA1031", Justification = "Run throws it")]
        void Read()
        {
            try
            {
                while (_queue.TryRent(out FrameBuffer? buffer))
                {
                    Wait(_pace.Next());
                    buffer.CapturedAt = 0;
                    if (_stop.IsCancellationRequested || !_runner._source.Read(buffer, _stop.Token)) break;
                    if (buffer.CapturedAt == 0) buffer.CapturedAt = Stopwatch.GetTimestamp();
                    buffer.Number = Interlocked.Increment(ref _runner._read) - 1;
                    if (_queue.Publish(buffer)) Drop(1);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The run ends already.
            }
            catch (Exception e)
            {
                Fail(e);
            }
            _queue.Complete();
        }

        void Wait(TimeSpan time)
        {
            if (time <= TimeSpan.Zero) return;
            if (_runner.Waiting is { } waiting) waiting(time, _stop.Token);
            else _stop.Token.WaitHandle.WaitOne(time);
        }

        [SuppressMessage("Design", "CA1031", Justification = "Run throws it")]
        void Answer()
        {
            try
            {
                AnswerAll();
            }
            catch (Exception e)
            {
                Fail(e);
                LeaveGap();
            }
        }

        void AnswerAll()
        {
            bool isOwed = false;
            try
            {
                var logits = new float[_runner._session.AnswerElements];
                while (_queue.Take() is { } buffer)
                {
                    isOwed = true;
                    TaskResult answer = _runner._session.Run(buffer.View(), buffer.CapturedAt, logits);
                    (long number, long turn) = (buffer.Number, buffer.Turn);
                    _queue.Return(buffer);
                    if (!AwaitTurn(turn)) return;
                    isOwed = false;
                    Report(number, answer, logits);
                    PassTurn();
                }
            }
            finally
            {
                if (isOwed) Drop(1);
            }
        }

        void Report(long number, in TaskResult answer, ReadOnlySpan<float> logits)
        {
            double deadlineMs = double.IsNaN(_deadlineMs) ? _runner._session.DeadlineMs : _deadlineMs;
            var result = new FrameResult(number, answer, answer.LatencyMs > deadlineMs);
            Interlocked.Increment(ref _runner._answered);
            if (result.IsLate) Interlocked.Increment(ref _runner._late);
            _runner.Latency.Add(answer.LatencyMs);
            double jitterMs = Math.Abs(answer.LatencyMs - _lastMs);
            if (!double.IsNaN(jitterMs)) _runner.Jitter.Add(jitterMs);
            _lastMs = answer.LatencyMs;
            EdgeMetrics.RecordFrame(result.IsLate, jitterMs);
            _onResult(result, logits);
        }

        /// <returns>False where the turn never comes: a frame before this one failed.</returns>
        bool AwaitTurn(long turn)
        {
            lock (_turns)
            {
                while (_nextAnswered != turn && !_hasGap) Monitor.Wait(_turns);
                return _nextAnswered == turn;
            }
        }

        void PassTurn()
        {
            lock (_turns)
            {
                _nextAnswered++;
                Monitor.PulseAll(_turns);
            }
        }

        /// <summary>This worker's turn will not be passed on.</summary>
        void LeaveGap()
        {
            lock (_turns)
            {
                _hasGap = true;
                Monitor.PulseAll(_turns);
            }
        }

        void Fail(Exception e)
        {
            Interlocked.CompareExchange(ref _fault, ExceptionDispatchInfo.Capture(e), null);
            try
            {
                _stop.Cancel();
            }
            catch (AggregateException)
            {
                // Of what the source registered with its token; the run ends by the fault above.
            }
        }

        void End() => Drop(_queue.Stop());

        void Drop(int frames)
        {
            if (frames == 0) return;
            Interlocked.Add(ref _runner._dropped, frames);
            EdgeMetrics.RecordDropped(frames);
        }
    }
}
