using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Transport;

/// <summary>Reads frames from a transport: prelude and header through a <see cref="PipeReader"/>, the payload to where it is
/// wanted.</summary>
/// <remarks>The pipe is filled and emptied on the one thread that waits for frames, so nothing is scheduled. Payload bytes that came along
/// with the header are copied once; the rest is received directly into the caller's memory. One thread at a time.</remarks>
sealed class FrameInput : IDisposable
{
    const int ReadBytes = 16 << 10;

    readonly ITransport _transport;
    readonly ProtocolLimits _limits;
    readonly Pipe _pipe;
    readonly byte[] _header;
    uint _checksum;
    long _headDeadline;
    int _unread;
    int _payloadLeft;

    public FrameInput(ITransport transport, ProtocolLimits limits)
    {
        (_transport, _limits) = (transport, limits);
        _header = new byte[limits.MaxHeaderBytes];
        _pipe = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline,
            pauseWriterThreshold: 0, minimumSegmentSize: ReadBytes, useSynchronizationContext: false));
    }

    /// <summary>Of the frame last read.</summary>
    public FramePrelude Prelude { get; private set; }

    /// <summary>Of the frame last read; overwritten by the next.</summary>
    public ReadOnlyMemory<byte> Header => _header.AsMemory(0, Prelude.HeaderBytes);

    /// <summary>When the header was complete, <see cref="Stopwatch"/> ticks.</summary>
    public long HeadAt { get; private set; }

    /// <summary>Payload bytes that were there with the header.</summary>
    public int BufferedPayload { get; private set; }

    /// <summary>Whether nothing has come after the last frame that was read whole.</summary>
    public bool IsBetweenFrames => _unread == 0 && _payloadLeft == 0;

    /// <summary>Waits for a frame's prelude and header.</summary>
    /// <param name="idle">Limit until the first byte.</param>
    /// <param name="header">Limit from the first byte until the header is complete.</param>
    /// <returns>False when the peer has ended its side between two frames.</returns>
    /// <exception cref="InvalidDataException">No frame, a length above its limit, a wrong checksum, or an end inside a frame.</exception>
    /// <exception cref="TimeoutException">A limit passed.</exception>
    /// <exception cref="IOException">The connection broke, or the peer speaks another protocol version.</exception>
    public bool ReadHead(TimeSpan idle, TimeSpan header)
    {
        while (true)
        {
            int limit = _headDeadline == 0 ? Milliseconds(idle) : MillisecondsLeft(_headDeadline);
            switch (TryReadHead(limit, header))
            {
                case FrameArrival.Head: return true;
                case FrameArrival.End: return false;
                case FrameArrival.None when _headDeadline == 0: throw new TimeoutException($"no frame for {idle.TotalMilliseconds:0} ms");
            }
        }
    }

    /// <summary>Waits at most <paramref name="waitMs"/> for bytes (-1: for ever), once more after every part of a header. What has come is
    /// kept for the next call, on any thread, and so is the limit on the header.</summary>
    /// <inheritdoc cref="ReadHead" path="/exception"/>
    public FrameArrival TryReadHead(int waitMs, TimeSpan header)
    {
        Debug.Assert(_payloadLeft == 0, "the last frame's payload was not read");
        while (true)
        {
            if (_pipe.Reader.TryRead(out ReadResult result))
            {
                ReadOnlySequence<byte> buffer = result.Buffer;
                if (TryTakeHead(buffer)) return FrameArrival.Head;
                _pipe.Reader.AdvanceTo(buffer.Start, buffer.End);
                if (_headDeadline == 0) _headDeadline = Stopwatch.GetTimestamp() + Ticks(header);
                return FrameArrival.None;
            }
            int received = _transport.Receive(_pipe.Writer.GetMemory(ReadBytes / 2).Span, waitMs);
            if (received > 0)
            {
                Fill(received);
                continue;
            }
            bool begun = _headDeadline != 0;
            if (received == 0) return begun ? throw new InvalidDataException("connection ended inside a frame's header") : FrameArrival.End;
            if (begun && Stopwatch.GetTimestamp() >= _headDeadline)
                throw new TimeoutException($"header not complete after {header.TotalMilliseconds:0} ms");
            return FrameArrival.None;
        }
    }

    /// <summary>Receives the payload, all of it, and compares the checksum.</summary>
    /// <param name="destination">Exactly <see cref="FramePrelude.PayloadBytes"/> bytes.</param>
    /// <param name="limit">Until it must be complete.</param>
    /// <inheritdoc cref="ReadHead" path="/exception"/>
    public void ReadPayload(Span<byte> destination, TimeSpan limit)
    {
        Debug.Assert(destination.Length == _payloadLeft, "the payload is read whole");
        long deadline = Stopwatch.GetTimestamp() + Ticks(limit);
        int filled = TakeBuffered(destination);
        while (filled < destination.Length) filled += ReceivePart(destination[filled..], deadline, limit);
        _payloadLeft = 0;
        _checksum = Crc32C.Append(_checksum, destination);
        CheckSum();
    }

    /// <summary>Receives the payload without keeping it.</summary>
    /// <inheritdoc cref="ReadPayload" path="/exception"/>
    public void SkipPayload(TimeSpan limit)
    {
        long deadline = Stopwatch.GetTimestamp() + Ticks(limit);
        Span<byte> scratch = stackalloc byte[4096];
        while (_payloadLeft > 0)
        {
            Span<byte> part = scratch[..Math.Min(scratch.Length, _payloadLeft)];
            int count = TakeBuffered(part);
            if (count == 0) count = ReceivePart(part, deadline, limit);
            _checksum = Crc32C.Append(_checksum, part[..count]);
            _payloadLeft -= count;
        }
        CheckSum();
    }

    public void Dispose()
    {
        _pipe.Writer.Complete();
        _pipe.Reader.Complete();
    }

    bool TryTakeHead(in ReadOnlySequence<byte> buffer)
    {
        if (!FrameParser.TryRead(buffer, _limits, out FramePrelude prelude, out ReadOnlySequence<byte> header)) return false;
        HeadAt = Stopwatch.GetTimestamp();
        header.CopyTo(_header);
        Span<byte> start = stackalloc byte[FramePrelude.ChecksummedBytes];
        buffer.Slice(0, FramePrelude.ChecksummedBytes).CopyTo(start);
        Prelude = prelude;
        _checksum = Crc32C.Append(Crc32C.Append(Crc32C.Start, start), Header.Span);
        _payloadLeft = prelude.PayloadBytes;
        BufferedPayload = (int)Math.Min(_payloadLeft, buffer.Length - FramePrelude.Bytes - prelude.HeaderBytes);
        _pipe.Reader.AdvanceTo(header.End);
        (_headDeadline, _unread) = (0, _unread - FramePrelude.Bytes - prelude.HeaderBytes);
        if (_payloadLeft == 0) CheckSum();
        return true;
    }

    int TakeBuffered(Span<byte> destination)
    {
        if (!_pipe.Reader.TryRead(out ReadResult result)) return 0;
        ReadOnlySequence<byte> part = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, destination.Length));
        part.CopyTo(destination);
        int count = (int)part.Length;
        _pipe.Reader.AdvanceTo(part.End);
        _unread -= count;
        return count;
    }

    int ReceivePart(Span<byte> destination, long deadline, TimeSpan limit) =>
        _transport.Receive(destination, MillisecondsLeft(deadline)) switch
        {
            > 0 and int received => received,
            0 => throw new InvalidDataException($"connection ended inside a payload of {Prelude.PayloadBytes} bytes"),
            _ => throw new TimeoutException($"payload of {Prelude.PayloadBytes} bytes not complete after {limit.TotalMilliseconds:0} ms"),
        };

    void Fill(int bytes)
    {
        _pipe.Writer.Advance(bytes);
        _unread += bytes;
        // Without a pause threshold a flush completes at once; there is nothing to await.
        var flush = _pipe.Writer.FlushAsync();
        Debug.Assert(flush.IsCompletedSuccessfully, "a pipe without a threshold never waits");
        flush.GetAwaiter().GetResult();
    }

    void CheckSum()
    {
        if (Crc32C.Finish(_checksum) is uint actual && actual != Prelude.Checksum)
            throw new InvalidDataException(
                $"checksum of a {Prelude.Kind} frame is 0x{actual:x8}, its prelude says 0x{Prelude.Checksum:x8}");
    }

    static long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    static int Milliseconds(TimeSpan span) =>
        span == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(int.MaxValue / 1000, span.TotalMilliseconds);

    static int MillisecondsLeft(long deadline) =>
        (int)Math.Clamp((deadline - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency, 0, int.MaxValue / 1000);
}

/// <summary>The end of a wait for a frame.</summary>
enum FrameArrival
{
    /// <summary>No whole header yet; the time passed, or a part of one came.</summary>
    None,

    /// <summary>Prelude and header are there.</summary>
    Head,

    /// <summary>The peer has ended its side between two frames.</summary>
    End,
}
