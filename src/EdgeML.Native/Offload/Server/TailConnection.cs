using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Server;

/// <summary>One client on the tail: says hello, receives requests into slots, answers pings. Knows no socket.</summary>
/// <remarks><see cref="Run"/> has a thread of its own, which also computes for a client that waits for each answer; others are answered by
/// the compute threads.</remarks>
sealed class TailConnection : IDisposable
{
    readonly ITransport _transport;
    readonly FrameInput _input;
    readonly TailWorkers _workers;
    readonly TailAnswers _answers;
    readonly ProtocolLimits _limits;
    readonly byte[] _small = new byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
    int _encodings;
    bool _refused;

    /// <param name="transport">To the client; disposed with the connection.</param>
    /// <param name="workers">Compute what the client asks.</param>
    /// <param name="limits">What is accepted from it.</param>
    /// <param name="onFirstRefusal">Told of the first request that is refused for another reason than being late, on the thread that refuses
    /// it.</param>
    public TailConnection(ITransport transport, TailWorkers workers, ProtocolLimits limits, Action<string>? onFirstRefusal = null)
    {
        (_transport, _workers, _limits) = (transport, workers, limits);
        _input = new FrameInput(transport, limits);
        _answers = new TailAnswers(transport, limits) { OnFirstRefusal = onFirstRefusal };
    }

    /// <summary>Why the connection ended; null for a clean end.</summary>
    public string? Fault => _answers.Fault;

    /// <summary>Whether the tail ended the connection for something the client sent or holds.</summary>
    public bool IsRefused => _refused;

    /// <summary>Requests that were answered with an error other than being late.</summary>
    public long RefusedRequests => _answers.RefusedRequests;

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
            _answers.Fail(e.Message);
        }
        catch (Exception e)
        {
            // A slot that cannot be made ends this connection; the others are served on.
            End(ErrorCode.Failed, e.Message);
        }
        _answers.WaitUntilDone(drainLimit);
        _transport.EndSend();
    }

    /// <summary>Asks the connection to end after what it has received; any thread.</summary>
    public void Finish() => _transport.EndReceive();

    /// <summary>Ends the connection now; any thread.</summary>
    public void Abort() => _transport.Abort();

    /// <summary>Tells the client why it is not served, instead of <see cref="Run"/>.</summary>
    public void TurnAway(string reason) => _answers.Refuse(ErrorCode.Unavailable, 0, reason, default);

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
        _answers.Send(frame, FrameKind.HelloAck, bytes);
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
        if (_answers.Unanswered >= _limits.MaxInFlight)
            throw new InvalidDataException($"client has {_limits.MaxInFlight + 1} requests unanswered, the limit is {_limits.MaxInFlight}");

        if (_workers.TryRent() is not { } job)
        {
            _input.SkipPayload(_limits.PayloadDeadline);
            var now = default(TransferTimes);
            _workers.Stamp(ref now);
            _answers.Refuse(ErrorCode.Busy, request.TaskId, _workers.AllTaken, now);
            return;
        }
        try
        {
            _input.ReadPayload(job.PayloadOf(expected), _limits.PayloadDeadline);
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
        job.Answers = _answers;
        _answers.Owe();
        _workers.Submit(job, mayRunHere: _answers.AreLone);
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
        _answers.Send(_small, FrameKind.Pong, bytes);
    }

    TransferTimes SpanOfPayload() => new()
    {
        SpanMicros = (int)Math.Clamp((Stopwatch.GetTimestamp() - _input.HeadAt) * 1_000_000 / Stopwatch.Frequency, 0, int.MaxValue),
        SpanBytes = _input.Prelude.PayloadBytes - _input.BufferedPayload,
    };

    void End(ErrorCode code, string text)
    {
        _answers.Fail(text);
        if (_refused) return;
        _refused = true;
        _answers.Refuse(code, 0, text, default);
    }
}
