using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeML.Native.Offload.Client;

/// <summary>The receiving thread: connects, says hello, hands out answers, and begins again after every fault.</summary>
sealed class LinkReceiver : IDisposable
{
    /// <summary>A warning after which the link is as good as before.</summary>
    public static readonly EventId CertificatesKept = new(1, nameof(CertificatesKept));

    /// <summary>The fault of a connection that the tail leaves.</summary>
    public const string TailLeft = "tail ended the connection";

    /// <summary>Longest pause before a client that was asked to leave connects again: all clients of that tail do at the same time.</summary>
    const double LeaveJitterMs = 50;

    readonly LinkState _state;
    readonly TailClientOptions _options;
    readonly ModelManifest _manifest;
    readonly string _bottlenecks;
    readonly ILogger _logger;
    readonly Func<CancellationToken, ITransport> _connect;
    readonly LinkReplies _replies;
    readonly CancellationTokenSource _stop = new();
    readonly List<RequestSlot> _dropped = [];
    readonly Thread _thread;
    TailLink? _connecting;
    DeviceProfile? _tailProfile;
    volatile bool _readsBottlenecks;
    volatile bool _saidContradiction;

    /// <param name="state">Shared with callers and clock.</param>
    /// <param name="options">The client's.</param>
    /// <param name="manifest">Of the model the edge holds.</param>
    /// <param name="bottlenecks">Digest of its bottlenecks.</param>
    /// <param name="connect">Makes a connection; its token ends the attempt.</param>
    public LinkReceiver(
        LinkState state, TailClientOptions options, ModelManifest manifest, string bottlenecks, Func<CancellationToken, ITransport> connect)
    {
        (_state, _options, _manifest, _bottlenecks, _connect) = (state, options, manifest, bottlenecks, connect);
        _logger = options.Logger ?? NullLogger.Instance;
        _replies = new LinkReplies(state, manifest, options.Limits, Contradicted);
        _thread = new Thread(Run) { IsBackground = true, Name = "edgeml link receive" };
    }

    /// <summary>The speed that the tail reported in the last handshake; null before the first. Any thread.</summary>
    public DeviceProfile? TailProfile => Volatile.Read(ref _tailProfile);

    /// <summary>The profiled time of a request on the tail of the last handshake, milliseconds; NaN where it is not known. Any thread.</summary>
    public double ExpectedMs(in ExitPolicy policy) => _replies.ExpectedMs(policy);

    /// <summary>Whether the tail of the last handshake holds the same bottlenecks. Any thread.</summary>
    public bool ReadsBottlenecks => _readsBottlenecks;

    public void Start() => _thread.Start();

    /// <summary>Ends an attempt to connect or a handshake. Any thread.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Volatile.Read(ref _connecting)?.Abort();
    }

    /// <summary>Waits for the thread's end, unless this is the thread itself.</summary>
    public void Dispose()
    {
        if (Thread.CurrentThread != _thread) _thread.Join();
        _stop.Dispose();
    }

    /// <summary>Takes the turn for a blocked caller, if it is free, and reads on its thread until its task has ended or its time has
    /// passed.</summary>
    /// <param name="slot">Of the task.</param>
    /// <param name="until">Stopwatch ticks, at most the task's deadline.</param>
    /// <returns>Whether its task has ended; otherwise it waits like any other, for the rest of its time.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "faults of the link are outcomes of a task, not exceptions")]
    public bool ReadUntilTold(RequestSlot slot, long until)
    {
        TailLink? link;
        lock (_state.Gate)
        {
            link = slot.Link;
            if (link is null || !_state.Turn.TryTake()) return false;
            slot.Reads = true;
        }
        Exception? fault = null;
        bool headWasRead = false, sound = false, told;
        try
        {
            while (slot.CallerWaits && !headWasRead && Ticks.MillisecondsUntil(until) is > 0 and int left)
            {
                FrameArrival arrival = link.Input.TryReadHead(left, _options.Limits.HeaderDeadline);
                if (arrival == FrameArrival.End) throw new IOException(TailLeft);
                if (arrival == FrameArrival.None) continue;
                // The rest of a payload may take long to arrive, and this caller has a deadline.
                if (link.Input.BufferedPayload < link.Input.Prelude.PayloadBytes) headWasRead = true;
                else _replies.Handle(link);
            }
            sound = true;
        }
        catch (Exception e)
        {
            // The receiving thread ends the connection with it, and this task is then lost like any other on it.
            fault = e;
        }
        finally
        {
            if (!sound) link.Abort();
            lock (_state.Gate)
            {
                // From here on another thread may end the task, and then it signals.
                (slot.Reads, told) = (false, sound && !slot.CallerWaits);
                _state.Turn.Return(link, fault, headWasRead, sound);
            }
        }
        return told;
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Run()
    {
        var jitter = new Random();
        double pauseMs = 0;
        bool wasAsked = false;
        while (!_state.IsDisposed)
        {
            long start = Environment.TickCount64;
            bool isAsked = false;
            try
            {
                using var link = new TailLink(_connect(_stop.Token), _options.Limits);
                Serve(link);
            }
            catch (TailFaultException e) when (e.Reason == FallbackReason.Leaving)
            {
                isAsked = true;
                Left(e.Message);
            }
            catch (Exception e)
            {
                // Whatever ended it, tasks are answered on the edge and the next attempt may do better.
                if (!IsLinkFault(e)) _state.Faults.Add("link", "the connection was ended", e);
                Down(e);
            }
            // A connection that held for a while was a good one; a tail that breaks every connection at once is not tried ever faster.
            bool held = Environment.TickCount64 - start > _options.LongestBackoff.TotalMilliseconds;
            if (isAsked && (held || !wasAsked))
            {
                (wasAsked, pauseMs) = (true, 0);
                _state.Pause(LeaveJitterMs * jitter.NextDouble());
                continue;
            }
            wasAsked = isAsked;
            pauseMs = held || pauseMs == 0 ? _options.FirstBackoff.TotalMilliseconds
                : Math.Min(2 * pauseMs, _options.LongestBackoff.TotalMilliseconds);
            _state.Pause(pauseMs * (0.75 + (0.5 * jitter.NextDouble())));
        }
    }

    /// <summary>Certificates were replaced by files that cannot be used.</summary>
    public void KeepsCertificates(string fault) => Log(() => _logger.LogWarning(
        CertificatesKept, "link to {Host}:{Port} keeps its certificates: {Fault}", _options.Host, _options.Port, fault));

    /// <summary>Writes a line for the user, whose logger may throw.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "a logger that throws must not end the thread")]
    void Log(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            _state.Faults.Add("link", "a line was not logged", e);
        }
    }

    /// <summary>The first one of a connection is a line: a tail that contradicts itself once does so often.</summary>
    void Contradicted(AnswerFault fault, TailAnswer answer)
    {
        Log(() =>
        {
            EdgeMetrics.RecordContradiction(fault.ToString().ToLowerInvariant());
            if (_saidContradiction) return;
            _saidContradiction = true;
            _logger.LogWarning(
                "tail {Host}:{Port} contradicts itself in the {Fault} of an answer: {Answer}", _options.Host, _options.Port,
                fault.ToString().ToLowerInvariant(), answer);
        });
    }

    void Down(Exception e)
    {
        FallbackReason reason = ReasonOf(e);
        string fault = reason == FallbackReason.NoTail
            ? $"no tail answers at {_options.Host}:{_options.Port}: {e.Message}" : e.Message;
        bool isNew;
        lock (_state.Gate)
        {
            // This side's own end is no fault of the link.
            if (_state.IsDisposed) return;
            isNew = _state.GoDown(reason, fault);
        }
        if (isNew) Log(() => _logger.LogWarning("link to {Host}:{Port} is down: {Fault}", _options.Host, _options.Port, fault));
    }

    /// <summary>As the tail wanted it: no warning.</summary>
    void Left(string fault)
    {
        lock (_state.Gate)
        {
            if (_state.IsDisposed) return;
            _state.GoDown(FallbackReason.Leaving, fault);
        }
        Log(() => _logger.LogInformation("link to {Host}:{Port} ended: {Fault}", _options.Host, _options.Port, fault));
    }

    static FallbackReason ReasonOf(Exception e) => e switch
    {
        TailFaultException fault => fault.Reason,
        ProtocolVersionException => FallbackReason.ProtocolVersion,
        System.Net.Sockets.SocketException socket => TailLink.ReasonOf(socket),
        _ => FallbackReason.Down,
    };

    static bool IsLinkFault(Exception e) =>
        e is IOException or InvalidDataException or TimeoutException or System.Net.Sockets.SocketException;

    void Serve(TailLink link)
    {
        Volatile.Write(ref _connecting, link);
        try
        {
            if (_state.IsDisposed) return;
            link.SayHello(_manifest, _bottlenecks, _options.Limits);
            Open(link);
            while (!HasLeft() && (_state.Turn.HeadWasRead || link.Input.ReadHead(Timeout.InfiniteTimeSpan, _options.Limits.HeaderDeadline)))
            {
                _state.Turn.HeadWasRead = false;
                _replies.Handle(link);
                _state.Turn.Rest();
            }
            throw _state.GoAway is { } text
                ? new TailFaultException(FallbackReason.Leaving, $"tail asks its clients to leave{(text.Length > 0 ? $": {text}" : "")}")
                : new IOException(TailLeft);
        }
        catch (IOException e) when (link.AbortReason is not null)
        {
            throw new TailFaultException(FallbackReason.Stalled, link.AbortReason, e);
        }
        finally
        {
            Volatile.Write(ref _connecting, null);
            Drop(link);
        }
    }

    bool HasLeft()
    {
        lock (_state.Gate) return _state.HasLeft;
    }

    void Open(TailLink link)
    {
        Log(() => _logger.LogInformation("link to {Host}:{Port} is up", _options.Host, _options.Port));
        _saidContradiction = false;
        DeviceProfile profile = link.Profile();
        lock (_state.Gate)
        {
            _replies.Reset(profile);
            _readsBottlenecks = (link.Tail.Encodings >> (int)TensorEncoding.Bottleneck & 1) != 0;
            Volatile.Write(ref _tailProfile, profile);
            _state.Open(link);
        }
    }

    void Drop(TailLink link)
    {
        lock (_state.Gate)
        {
            if (_state.Link == link) _state.Link = null;
            _state.Tasks.EndAll(link, _dropped);
        }
        foreach (RequestSlot slot in _dropped) slot.Tell();
        _dropped.Clear();
    }
}
