using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Requests;
using EdgeML.Server.Status;
using EdgeML.Server.Transport;

namespace EdgeML.Server.Connections;

/// <summary>One client: says hello, receives requests, answers pings. It has no thread; while nothing comes it holds no buffer.</summary>
sealed class ClientConnection : IDisposable
{
    /// <summary>How long a thread that may block waits for the next request before others may have it.</summary>
    static readonly TimeSpan s_hotWait = TimeSpan.FromMilliseconds(50);

    [ThreadStatic]
    static List<TailJob>? t_batch;

    /// <summary>The reason that clients of a model hear when it is replaced or not served any more.</summary>
    public const string ModelLeaves = "this version of the model is not served any more";

    readonly ClientStream _stream;
    readonly ConnectionServices _services;
    readonly FrameReader _reader;
    readonly AnswerQueue _answers;
    readonly ProtocolLimits _limits;
    ServedModel? _model;
    ServedModel? _entered;
    AccessRules.Client? _client;
    bool _understandsGoAway;
    int _isAskedToLeave;
    int _encodings;
    readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    bool _isInHandshake;
    int _reason = -1;
    Phase _phase;
    volatile bool _isTooSlow;
    volatile bool _isFinishing;
    long _phaseEnds = long.MaxValue;

    /// <param name="stream">To the client; disposed with the connection.</param>
    /// <param name="services">The parts that connections share.</param>
    public ClientConnection(ClientStream stream, ConnectionServices services)
    {
        (_stream, _services, _limits) = (stream, services, services.Options.Limits);
        _reader = new FrameReader(stream, _limits);
        _answers = new AnswerQueue(stream) { OnFirstRefusal = reason => OnFirstRefusal?.Invoke(this, reason) };
        Number = services.NextConnection();
    }

    enum Phase
    {
        Hello,
        Idle,
        Header,
        Payload,
        Ending,
    }

    /// <summary>Place in the server's list.</summary>
    public int Index { get; set; }

    /// <summary>No other connection of the server has it.</summary>
    public long Number { get; }

    public EndPoint? Remote => _stream.Remote;

    /// <summary>Called when the client has said hello and is served; may be null.</summary>
    public Action<ClientConnection>? OnServed { get; init; }

    /// <summary>Called with the reason for the first request that is refused for another one than being late, on the thread that refuses it;
    /// may be null.</summary>
    public Action<ClientConnection, string>? OnFirstRefusal { get; init; }

    /// <summary>Name of the client's model; null before it has said hello.</summary>
    public string? Model => _entered?.Name;

    /// <summary>The client's proven identity; null without one.</summary>
    public string? Identity { get; private set; }

    /// <summary>Why the connection ended; null for a clean end.</summary>
    public string? Fault => _answers.Fault;

    /// <summary>Why the server ended the connection for something the client sent or holds; null where it did not.</summary>
    public RefusalReason? Reason => Volatile.Read(ref _reason) is >= 0 and int reason ? (RefusalReason)reason : null;

    /// <summary>Why the client left before it said hello, as far as that is known; null for others.</summary>
    public string? EarlyEnd =>
        _model is not null || Reason is not null || _isFinishing || _stream.EarlyEnd is not { } usual ? null : Fault is null ? usual : $"{usual} ({Fault})";

    /// <summary>Requests that were answered with an error other than being late.</summary>
    public long RefusedRequests => _answers.RefusedRequests;

    public DeviceStatus Status() => new()
    {
        Connection = Number,
        Remote = Remote,
        Identity = Identity,
        Model = Model,
        Version = _entered?.Counts.VersionTag.Value as string,
        Since = _since,
        Requests = _answers.Answers,
        Refused = RefusedRequests,
        InFlight = _answers.InFlight,
    };

    /// <summary>Serves until the client ends its side, breaks a rule or a limit, or is aborted; then waits for requests being computed and
    /// sent. Does not throw.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "whatever happens ends this connection; the others are served on")]
    public async Task RunAsync()
    {
        try
        {
            Begin(Phase.Hello, _limits.HandshakeDeadline);
            if (await AdmitAsync().ConfigureAwait(false) && await SayHelloAsync().ConfigureAwait(false)) await ServeAsync().ConfigureAwait(false);
        }
        catch (ProtocolVersionException e)
        {
            End(ErrorCode.Version, e.Message);
        }
        catch (InvalidDataException e)
        {
            End(ErrorCode.BadFrame, e.Message);
        }
        catch (IOException e)
        {
            _answers.Fail(e.Message);
        }
        catch (Exception e)
        {
            End(ErrorCode.Failed, e.Message);
        }
        Begin(Phase.Ending, _services.Options.DrainLimit);
        await _answers.CloseAsync().ConfigureAwait(false);
        _stream.EndSend();
    }

    /// <summary>Asks the connection to end after the received requests; any thread.</summary>
    public void Finish()
    {
        _isFinishing = true;
        _stream.EndReceive();
    }

    /// <summary>The model it uses; null before both sides have said hello. Any thread.</summary>
    public ServedModel? Served => Volatile.Read(ref _model);

    /// <summary>Asks the client to leave and connect again; one that does not understand that is cut off after the received requests.
    /// Any thread.</summary>
    /// <param name="reason">For people.</param>
    public void AskToLeave(string reason)
    {
        if (Interlocked.Exchange(ref _isAskedToLeave, 1) != 0) return;
        // Before its hello is answered nothing else can be said to a client.
        if (Served is null || !_understandsGoAway)
        {
            Finish();
            return;
        }
        Span<byte> frame = stackalloc byte[FramePrelude.Bytes + GoAwayHeader.MaxBytes];
        int bytes = new GoAwayHeader(reason).Write(frame[FramePrelude.Bytes..]);
        _answers.Send(frame, FrameKind.GoAway, bytes);
    }

    /// <summary>The rules have changed: a client that has lost its rights is refused. Any thread.</summary>
    public void CheckRights()
    {
        if (Served is not { } model || Refusal(model) is not { } refusal) return;
        End(ErrorCode.Forbidden, refusal);
        _stream.EndReceive();
    }

    /// <summary>Ends the connection now; any thread.</summary>
    public void Abort() => _stream.Abort();

    /// <summary>Tells the client why it is not served, instead of <see cref="RunAsync"/>.</summary>
    public void TurnAway(string reason) => _answers.Refuse(ErrorCode.Unavailable, 0, reason, default);

    /// <summary>Ends the connection if it is too slow; called from time to time on another thread.</summary>
    /// <param name="now">Stopwatch ticks.</param>
    public void CheckTimes(long now)
    {
        long ends = Volatile.Read(ref _phaseEnds);
        if (now > ends)
        {
            // Unless the next phase has begun meanwhile.
            if (Interlocked.CompareExchange(ref _phaseEnds, long.MaxValue, ends) == ends) TooSlow();
        }
        else if (_answers.SendingSince is > 0 and long since && now - since > Ticks(_limits.SendDeadline))
            _answers.Cut($"client took no bytes for {_limits.SendDeadline.TotalMilliseconds:0} ms");
    }

    public void Dispose()
    {
        Interlocked.Exchange(ref _entered, null)?.Exit();
        _stream.Dispose();
        _reader.Dispose();
    }

    async ValueTask<bool> AdmitAsync()
    {
        (Identity, string? refusal) = await OpenAsync().ConfigureAwait(false);
        if (refusal is null) _client = _services.Access.Find(Identity, out refusal);
        if (refusal is not null) End(ErrorCode.Forbidden, refusal);
        return _client is not null;
    }

    async ValueTask<(string? Identity, string? Refusal)> OpenAsync()
    {
        if (!_stream.IsEncrypted) return await _stream.OpenAsync().ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        bool isOpen = false;
        _isInHandshake = true;
        try
        {
            (string? Identity, string? Refusal) opened = await _stream.OpenAsync().ConfigureAwait(false);
            isOpen = opened.Refusal is null;
            _isInHandshake = !isOpen;
            return opened;
        }
        finally
        {
            _services.Meters.Handshake(isOpen, Stopwatch.GetElapsedTime(start));
        }
    }

    async ValueTask<bool> SayHelloAsync()
    {
        while (!_reader.TryReadHead())
            if (!await _reader.FillAsync(wait: true).ConfigureAwait(false)) return false;
        if (_reader.Prelude.Kind != FrameKind.Hello)
            throw new InvalidDataException($"connection begins with a {_reader.Prelude.Kind} frame, not with Hello");
        if (_reader.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"hello carries a payload of {_reader.Prelude.PayloadBytes} bytes");
        HelloHeader hello = HelloHeader.Read(_reader.Header);
        (ServedModel? model, string? refusal) = _services.Models.Find(hello);
        if (model is null || refusal is not null)
        {
            End(model is null ? ErrorCode.Model : ErrorCode.BadRequest, refusal!);
            return false;
        }
        _entered = model;
        if (Refusal(model) is { } forbidden)
        {
            End(ErrorCode.Forbidden, forbidden);
            return false;
        }
        _understandsGoAway = (hello.Understands & HelloHeader.UnderstandsGoAway) != 0;
        bool same = hello.Bottlenecks.Length > 0 && hello.Bottlenecks == model.Bottlenecks.Digest;
        _encodings = HelloHeader.EveryEncoding & ~(same ? 0 : 1 << (int)TensorEncoding.Bottleneck);
        OnServed?.Invoke(this);
        _answers.Allow(_limits.MaxInFlight, model.ReplyBytes);
        _answers.Send(model.Acknowledgement(_limits, _encodings, same));
        // From here on it can be asked to leave or be refused; whether it should is decided after that by one of the two sides at least.
        Volatile.Write(ref _model, model);
        Interlocked.MemoryBarrier();
        if (model.IsLeaving) AskToLeave(ModelLeaves);
        CheckRights();
        return true;
    }

    /// <summary>Why the client may not use a model by the rules in force; null where it may.</summary>
    string? Refusal(ServedModel model)
    {
        AccessRules.Client client = _client!;
        return _services.Access.Refresh(client, Identity)
            ?? (client.MayUse(model.Name) ? null : $"identity {Printable.Text(Identity ?? "none")} may not use model {model.Name}");
    }

    async ValueTask ServeAsync()
    {
        while (true)
        {
            if (_reader.TryReadHead())
            {
                await HandleAsync().ConfigureAwait(false);
                // This client would feel the two thread changes of an asynchronous wait.
                if (_answers.IsLone && !HotThreads.IsCurrent && _services.Hot.TryTake()) await _services.Hot.Switch();
                continue;
            }
            if (!_reader.IsInHeader) Begin(Phase.Idle, _limits.IdleDeadline);
            else if (_phase != Phase.Header) Begin(Phase.Header, _limits.HeaderDeadline);
            bool isThere = HotThreads.IsCurrent && _stream.Poll(s_hotWait);
            if (!await _reader.FillAsync(wait: !isThere).ConfigureAwait(false)) return;
        }
    }

    ValueTask HandleAsync() => _reader.Prelude.Kind switch
    {
        FrameKind.Request => ReceiveAsync(),
        FrameKind.Ping or FrameKind.Probe => EchoAsync(),
        _ => throw new InvalidDataException($"client sent a {_reader.Prelude.Kind} frame"),
    };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    async ValueTask ReceiveAsync()
    {
        ServedModel model = _model!;
        RequestHeader request = RequestHeader.Read(_reader.Header);
        int bytes = _reader.Prelude.PayloadBytes;
        RequestAdmission.Check(model, request, bytes, _encodings);
        if (_answers.InFlight >= _limits.MaxInFlight)
            throw new InvalidDataException($"client has {_limits.MaxInFlight + 1} requests unanswered, the limit is {_limits.MaxInFlight}");
        model.Counts.Receive(bytes);
        double deadlineMs = Math.Min(request.DeadlineMs, 1e9);
        long deadlineAt = _reader.HeadAt + (long)(deadlineMs * Stopwatch.Frequency / 1000);
        double limitMs = Math.Min(_limits.PayloadDeadline.TotalMilliseconds, Math.Max(deadlineMs, ProtocolLimits.LeastPayloadMs));
        Begin(Phase.Payload, TimeSpan.FromMilliseconds(limitMs));

        if (RequestAdmission.Decide(_services, model, _client!, request, deadlineMs, bytes, out TailJob? job, out string text) is var code and not 0)
        {
            await _reader.SkipPayloadAsync().ConfigureAwait(false);
            RefuseNow(model, code, request.TaskId, text);
            return;
        }
        bool isComplete = false;
        try
        {
            isComplete = await _reader.ReadPayloadAsync(job!.Row.Payload!.Data[..bytes], deadlineAt).ConfigureAwait(false);
        }
        finally
        {
            if (!isComplete)
            {
                _services.Compute.Leave();
                _client!.Leave();
                model.Return(job!);
            }
        }
        if (!isComplete)
        {
            await _reader.SkipPayloadAsync().ConfigureAwait(false);
            RefuseNow(model, ErrorCode.Late, request.TaskId, "");
            return;
        }
        job.Row.Policy = request.Policy;
        job.Row.Streak = request.Streak;
        job.Row.Encoding = request.Encoding;
        job.Key = TailBatchKey.Of(model.Manifest, request.Policy, request.Encoding);
        job.CostMs = model.CostMs(request.Policy);
        job.TaskId = request.TaskId;
        job.Times = SpanOfPayload();
        job.ReceivedAt = Stopwatch.GetTimestamp();
        job.DeadlineAt = deadlineAt;
        job.Client = _client;
        job.Answers = _answers;
        _answers.Owe();
        _services.Compute.Submit(job, HotThreads.IsCurrent && _answers.IsLone ? t_batch ??= [] : null);
    }

    void RefuseNow(ServedModel model, ErrorCode code, ulong task, string text)
    {
        var now = default(TransferTimes);
        _services.Compute.Stamp(ref now);
        model.Counts.Refuse(code);
        _answers.Refuse(code, task, text, now);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    async ValueTask EchoAsync()
    {
        PingHeader ping = PingHeader.Read(_reader.Header);
        Begin(Phase.Payload, _limits.PayloadDeadline);
        await _reader.SkipPayloadAsync().ConfigureAwait(false);
        ping.Times = SpanOfPayload();
        _services.Compute.Stamp(ref ping.Times);
        Reply(ping);
    }

    void Reply(in PingHeader ping)
    {
        Span<byte> frame = stackalloc byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
        int bytes = ping.Write(frame[FramePrelude.Bytes..]);
        _answers.Send(frame, FrameKind.Pong, bytes);
    }

    TransferTimes SpanOfPayload() => new()
    {
        SpanMicros = (int)Math.Clamp((Stopwatch.GetTimestamp() - _reader.HeadAt) * 1_000_000 / Stopwatch.Frequency, 0, int.MaxValue),
        SpanBytes = _reader.Prelude.PayloadBytes - _reader.BufferedPayload,
    };

    void End(ErrorCode code, string text) => End(code, _isInHandshake ? RefusalReason.Handshake : RefusalReasons.Of(code), text);

    void End(ErrorCode code, RefusalReason reason, string text)
    {
        _answers.Fail(text);
        // Several threads may find a reason; the client hears the first.
        if (Interlocked.CompareExchange(ref _reason, (int)reason, -1) >= 0) return;
        _answers.Refuse(code, 0, text, default);
    }

    void Begin(Phase phase, TimeSpan limit)
    {
        // A client that was too slow once gets no further time, whatever it still sends.
        if (_isTooSlow) return;
        _phase = phase;
        Volatile.Write(
            ref _phaseEnds, limit == Timeout.InfiniteTimeSpan ? long.MaxValue : Stopwatch.GetTimestamp() + Ticks(limit));
    }

    void TooSlow()
    {
        string text = _phase switch
        {
            Phase.Hello => $"no hello within {_limits.HandshakeDeadline.TotalMilliseconds:0} ms",
            Phase.Idle => $"no frame for {_limits.IdleDeadline.TotalMilliseconds:0} ms",
            Phase.Header => $"header not complete after {_limits.HeaderDeadline.TotalMilliseconds:0} ms",
            Phase.Payload => $"payload of {_reader.Prelude.PayloadBytes} bytes not complete within its deadline",
            _ => $"answers not taken within {_services.Options.DrainLimit.TotalMilliseconds:0} ms",
        };
        if (_phase == Phase.Ending || _isTooSlow)
        {
            _answers.Cut(text);
            return;
        }
        // The receiving side wakes at its end and closes the connection; the client hears why. One that sends on is cut later.
        _isTooSlow = true;
        Volatile.Write(ref _phaseEnds, Stopwatch.GetTimestamp() + Ticks(_services.Options.DrainLimit));
        End(ErrorCode.BadFrame, RefusalReason.Slow, text);
        _stream.EndReceive();
    }

    static long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);
}
