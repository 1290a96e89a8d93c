using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Server;

/// <summary>One client on the tail: says hello, receives requests into lanes, answers pings. Knows no socket.</summary>
/// <remarks><see cref="Run"/> has a thread of its own, which also computes for a client that waits for each answer; others are answered by
/// the compute threads.</remarks>
sealed class TailConnection : IDisposable
{
    /// <summary>Answers in a row before which nothing else had come; then the next request is computed without changing threads.</summary>
    const int LoneToStay = 16;

    readonly ITransport _transport;
    readonly FrameInput _input;
    readonly TailWorkers _workers;
    readonly ProtocolLimits _limits;
    readonly object _sendGate = new();
    readonly object _doneGate = new();
    readonly byte[] _small = new byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
    int _encodings;
    int _inFlight;
    int _unanswered;
    bool _refused;
    long _refusedRequests;
    int _lone;

    public TailConnection(ITransport transport, TailWorkers workers, ProtocolLimits limits)
    {
        (_transport, _workers, _limits) = (transport, workers, limits);
        _input = new FrameInput(transport, limits);
    }

    /// <summary>Why the connection ended; null for a clean end.</summary>
    public string? Fault { get; private set; }

    /// <summary>Whether the tail ended the connection for something the client sent or holds.</summary>
    public bool IsRefused => _refused;

    /// <summary>Requests that were answered with an error other than being late.</summary>
    public long RefusedRequests => Interlocked.Read(ref _refusedRequests);

    /// <summary>Told of the first such request, on the thread that refuses it; may be null.</summary>
    public Action<string>? OnFirstRefusal { get; init; }

    /// <summary>Serves until the client ends its side, breaks a rule or a limit, or is aborted; then waits for what is being
    /// computed.</summary>
    /// <param name="drainLimit">How long to wait for that.</param>
    public void Run(TimeSpan drainLimit)
    {
        try
        {
            if (SayHello())
            {
                while (_input.ReadHead(_limits.IdleDeadline, _limits.HeaderDeadline)) Handle();
            }
        }
        catch (ProtocolVersionException e)
        {
            End(ErrorCode.Version, e.Message);
        }
        catch (InvalidDataException e)
        {
            End(ErrorCode.BadFrame, e.Message);
        }
        catch (TimeoutException e)
        {
            End(ErrorCode.BadFrame, e.Message);
        }
        catch (IOException e)
        {
            Fault ??= e.Message;
        }
        catch (Exception e)
        {
            // A lane that cannot be made ends this connection; the others are served on.
            End(ErrorCode.Failed, e.Message);
        }
        WaitUntilDone(drainLimit);
        _transport.EndSend();
    }

    /// <summary>Asks the connection to end after what it has received; any thread.</summary>
    public void Finish() => _transport.EndReceive();

    /// <summary>Ends the connection now; any thread.</summary>
    public void Abort() => _transport.Abort();

    /// <summary>Sends a whole frame. A client that does not take its answers is cut off, so that it cannot hold up the compute threads; any
    /// thread.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            lock (_sendGate)
            {
                while (true)
                {
                    frame = frame[_transport.Send(frame)..];
                    if (frame.IsEmpty) return;
                    if (!_transport.WaitWritable((int)_limits.SendDeadline.TotalMilliseconds))
                    {
                        Fault ??= $"client took no bytes for {_limits.SendDeadline.TotalMilliseconds:0} ms";
                        _transport.Abort();
                        return;
                    }
                }
            }
        }
        catch (IOException e)
        {
            // The receiving thread notices the same and ends the connection; here only this frame is lost.
            Fault ??= e.Message;
        }
    }

    /// <summary>Answers a request, or with task 0 the connection, with an error; any thread.</summary>
    public void Refuse(ErrorCode code, ulong taskId, string text, in TransferTimes times)
    {
        if (taskId != 0 && code != ErrorCode.Late && Interlocked.Increment(ref _refusedRequests) == 1)
            OnFirstRefusal?.Invoke(text.Length == 0 ? code.ToString() : $"{code}, {text}");
        Span<byte> frame = stackalloc byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
        int bytes = new ErrorHeader { Code = code, TaskId = taskId, Text = text, Times = times }.Write(frame[FramePrelude.Bytes..]);
        Send(Framed(frame, FrameKind.Error, bytes));
    }

    /// <summary>A request of this connection is about to be answered: from the answer on the client may send the next.</summary>
    public void Answering()
    {
        // A client that sends more before it has its answer is one whose next frame should be received while this one is computed.
        Volatile.Write(ref _lone, _transport.HasArrivals ? 0 : Math.Min(_lone + 1, LoneToStay));
        Interlocked.Decrement(ref _unanswered);
    }

    /// <summary>A request of this connection is through, its answer sent; any thread.</summary>
    public void Done()
    {
        lock (_doneGate)
        {
            if (--_inFlight == 0) Monitor.PulseAll(_doneGate);
        }
    }

    public void Dispose()
    {
        _transport.Dispose();
        _input.Dispose();
    }

    bool SayHello()
    {
        if (!_input.ReadHead(_limits.HandshakeDeadline, _limits.HandshakeDeadline)) return false;
        if (_input.Prelude.Kind != FrameKind.Hello)
            throw new InvalidDataException($"connection begins with a {_input.Prelude.Kind} frame, not with Hello");
        if (_input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"hello carries a payload of {_input.Prelude.PayloadBytes} bytes");
        HelloHeader hello = HelloHeader.Read(_input.Header);
        string ours = _workers.Manifest.Identity;
        if (hello.ModelHash != ours)
        {
            bool sameFile = hello.ModelHash.Split('+')[0] == _workers.Manifest.Hash;
            End(
                ErrorCode.Model, sameFile
                    ? $"client and tail turn pictures into the input of model {_workers.Manifest.Hash} differently; prepare it alike for both"
                    : $"{ErrorHeader.OtherModel} {hello.ModelHash}, the tail holds {ours}");
            return false;
        }
        if (hello.Cuts.Length > 0 && hello.Cuts != _workers.Manifest.CutsDigest)
        {
            End(ErrorCode.Model, $"client and tail cut model {ours} at different tensors; prepare it alike for both");
            return false;
        }
        if ((hello.Encodings & HelloHeader.EveryEncoding) == 0)
        {
            End(ErrorCode.BadRequest, $"client writes encodings 0x{hello.Encodings:x}, the tail reads 0x{HelloHeader.EveryEncoding:x}");
            return false;
        }
        bool same = hello.Bottlenecks.Length > 0 && hello.Bottlenecks == _workers.Bottlenecks.Digest;
        _encodings = HelloHeader.EveryEncoding & ~(same ? 0 : 1 << (int)TensorEncoding.Bottleneck);
        var ack = new HelloAckHeader(
            _limits.MaxInFlight, _limits.MaxPayloadBytes, _encodings,
            [.. _workers.Profile.UnitMs.Select(ms => (float)ms)], [.. _workers.Profile.HeadMs.Select(ms => (float)ms)])
        {
            DecodeMs = same ? [.. _workers.Profile.DecodeMs.Select(ms => (float)ms)] : [],
        };
        byte[] frame = new byte[FramePrelude.Bytes + 64 + (5 * (ack.UnitMs.Length + ack.HeadMs.Length + ack.DecodeMs.Length))];
        int bytes = ack.Write(frame.AsSpan(FramePrelude.Bytes));
        Send(Framed(frame, FrameKind.HelloAck, bytes));
        return true;
    }


    void Handle()
    {
        switch (_input.Prelude.Kind)
        {
            case FrameKind.Request: Receive(); break;
            case FrameKind.Ping:
            case FrameKind.Probe: Echo(); break;
            default: throw new InvalidDataException($"client sent a {_input.Prelude.Kind} frame");
        }
    }

    void Receive()
    {
        RequestHeader request = RequestHeader.Read(_input.Header);
        int expected = PayloadSize.Of(_workers.Manifest, _workers.Bottlenecks, request.Policy, request.Encoding);
        if (expected < 0)
            throw new InvalidDataException(
                $"cut {request.Policy.Cut} in encoding {(int)request.Encoding}{Numbered(request)} does not exist in model {_workers.Manifest.Name}");
        if ((_encodings >> (int)request.Encoding & 1) == 0)
            throw new InvalidDataException("client sends by a bottleneck, but holds others than the tail");
        if (expected != _input.Prelude.PayloadBytes)
            throw new InvalidDataException(
                $"cut {request.Policy.Cut} in {request.Encoding} takes {expected} bytes, the payload has {_input.Prelude.PayloadBytes}");
        if (request.Policy.Exits != _workers.Manifest.SideExits)
            throw new InvalidDataException(
                $"request has {request.Policy.Exits} thresholds, the model has {_workers.Manifest.SideExits} side exits");
        if (Volatile.Read(ref _unanswered) >= _limits.MaxInFlight)
            throw new InvalidDataException($"client has {_limits.MaxInFlight + 1} requests unanswered, the limit is {_limits.MaxInFlight}");

        if (_workers.TryRent() is not { } job)
        {
            _input.SkipPayload(_limits.PayloadDeadline);
            var now = default(TransferTimes);
            _workers.Stamp(ref now);
            Refuse(ErrorCode.Busy, request.TaskId, _workers.AllTaken, now);
            return;
        }
        try
        {
            _input.ReadPayload(job.Lane.InputFor(request.Policy, request.Encoding).Span, _limits.PayloadDeadline);
        }
        catch
        {
            _workers.Return(job);
            throw;
        }
        job.Request = request;
        job.Times = SpanOfPayload();
        job.ReceivedAt = Stopwatch.GetTimestamp();
        job.DeadlineAt = _input.HeadAt + (long)(Math.Min(request.DeadlineMs, 1e9) * Stopwatch.Frequency / 1000);
        job.Connection = this;
        Interlocked.Increment(ref _unanswered);
        lock (_doneGate) _inFlight++;
        _workers.Submit(job, mayRunHere: Volatile.Read(ref _lone) >= LoneToStay);
    }

    static string Numbered(in RequestHeader request) =>
        request.Encoding == TensorEncoding.Bottleneck ? $" by bottleneck {request.Policy.Bottleneck}" : "";

    void Echo()
    {
        PingHeader ping = PingHeader.Read(_input.Header);
        _input.SkipPayload(_limits.PayloadDeadline);
        ping.Times = SpanOfPayload();
        _workers.Stamp(ref ping.Times);
        int bytes = ping.Write(_small.AsSpan(FramePrelude.Bytes));
        Send(Framed(_small, FrameKind.Pong, bytes));
    }

    TransferTimes SpanOfPayload() => new()
    {
        SpanMicros = (int)Math.Clamp((Stopwatch.GetTimestamp() - _input.HeadAt) * 1_000_000 / Stopwatch.Frequency, 0, int.MaxValue),
        SpanBytes = _input.Prelude.PayloadBytes - _input.BufferedPayload,
    };

    void End(ErrorCode code, string text)
    {
        Fault ??= text;
        if (_refused) return;
        _refused = true;
        Refuse(code, 0, text, default);
    }

    void WaitUntilDone(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_doneGate)
        {
            while (_inFlight > 0 && Environment.TickCount64 < end) Monitor.Wait(_doneGate, (int)Math.Max(1, end - Environment.TickCount64));
        }
    }

    static ReadOnlySpan<byte> Framed(Span<byte> memory, FrameKind kind, int headerBytes)
    {
        Span<byte> frame = memory[..(FramePrelude.Bytes + headerBytes)];
        FramePrelude.Write(frame, kind, headerBytes, payloadBytes: 0);
        FramePrelude.Seal(frame);
        return frame;
    }
}
