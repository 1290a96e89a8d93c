using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Transport;

/// <summary>Reads frames from a client: prelude and header into a pooled buffer, which an idle client gives back, the payload to
/// where it is wanted. One caller at a time.</summary>
sealed class FrameReader(ClientStream stream, ProtocolLimits limits) : IDisposable
{
    const int LeastBuffer = 16 << 10;

    byte[]? _buffer;
    int _start;
    int _end;
    uint _checksum;
    int _payloadLeft;

    /// <summary>Of the frame last read.</summary>
    public FramePrelude Prelude { get; private set; }

    /// <summary>Of the frame last read; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Header { get; private set; }

    /// <summary>When the header was complete, <see cref="Stopwatch"/> ticks.</summary>
    public long HeadAt { get; private set; }

    /// <summary>Payload bytes that were there with the header.</summary>
    public int BufferedPayload { get; private set; }

    /// <summary>Whether a frame's header has begun and is not complete. Any thread.</summary>
    public bool IsInHeader { get; private set; }

    /// <summary>Takes a header that has arrived already.</summary>
    /// <returns>False where more bytes are needed; <see cref="FillAsync"/> waits for them.</returns>
    /// <exception cref="InvalidDataException">No frame, a length above its limit, or a wrong checksum.</exception>
    /// <exception cref="ProtocolVersionException">The client speaks another version.</exception>
    public bool TryReadHead()
    {
        Debug.Assert(_payloadLeft == 0, "the last frame's payload was not read");
        if (_start == _end || !TryTakeHead())
        {
            IsInHeader = _start != _end;
            return false;
        }
        IsInHeader = false;
        return true;
    }

    /// <summary>Waits for bytes of the next header.</summary>
    /// <param name="wait">Whether they may not be there yet; otherwise the caller knows that they are.</param>
    /// <returns>False where the client ended its side between two frames.</returns>
    /// <exception cref="InvalidDataException">It ended inside a header.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync(bool wait)
    {
        if (wait && _start == _end)
        {
            Release();
            await stream.WaitAsync().ConfigureAwait(false);
        }
        MakeRoom();
        int received = await stream.ReceiveAsync(_buffer.AsMemory(_end)).ConfigureAwait(false);
        _end += received;
        if (received > 0) return true;
        return _start == _end ? false : throw new InvalidDataException("connection ended inside a frame's header");
    }

    /// <summary>Receives the payload and compares the checksum.</summary>
    /// <param name="destination">Exactly <see cref="FramePrelude.PayloadBytes"/> bytes.</param>
    /// <param name="until">Stopwatch ticks after which it is not wanted.</param>
    /// <returns>False where the time passed first; then <see cref="SkipPayloadAsync"/> reads the rest.</returns>
    /// <exception cref="InvalidDataException">The connection ended, or the checksum is wrong.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> ReadPayloadAsync(Memory<byte> destination, long until)
    {
        Debug.Assert(destination.Length == _payloadLeft, "the payload is read whole");
        int filled = TakeBuffered(destination.Span);
        while (filled < destination.Length)
        {
            int received = await stream.ReceiveAsync(destination[filled..]).ConfigureAwait(false);
            if (received == 0) throw Ended();
            filled += received;
            if (filled < destination.Length && Stopwatch.GetTimestamp() > until) break;
        }
        _payloadLeft = destination.Length - filled;
        _checksum = Crc32C.Append(_checksum, destination.Span[..filled]);
        if (_payloadLeft > 0) return false;
        CheckSum();
        return true;
    }

    /// <summary>Receives the payload without keeping it.</summary>
    /// <inheritdoc cref="ReadPayloadAsync" path="/exception"/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SkipPayloadAsync()
    {
        while (_payloadLeft > 0)
        {
            if (_start == _end)
            {
                MakeRoom();
                _end = await stream.ReceiveAsync(_buffer).ConfigureAwait(false);
                if (_end == 0) throw Ended();
            }
            int part = Math.Min(_payloadLeft, _end - _start);
            _checksum = Crc32C.Append(_checksum, _buffer.AsSpan(_start, part));
            _start += part;
            _payloadLeft -= part;
        }
        CheckSum();
    }

    public void Dispose() => Release();

    InvalidDataException Ended() => new($"connection ended inside a payload of {Prelude.PayloadBytes} bytes");

    bool TryTakeHead()
    {
        var bytes = new ReadOnlySequence<byte>(_buffer!, _start, _end - _start);
        if (!FrameParser.TryRead(bytes, limits, out FramePrelude prelude, out _)) return false;
        HeadAt = Stopwatch.GetTimestamp();
        Prelude = prelude;
        Header = _buffer.AsMemory(_start + FramePrelude.Bytes, prelude.HeaderBytes);
        _checksum = Crc32C.Append(Crc32C.Append(Crc32C.Start, _buffer.AsSpan(_start, FramePrelude.ChecksummedBytes)), Header.Span);
        _start += FramePrelude.Bytes + prelude.HeaderBytes;
        _payloadLeft = prelude.PayloadBytes;
        BufferedPayload = Math.Min(_payloadLeft, _end - _start);
        if (_payloadLeft == 0) CheckSum();
        return true;
    }

    int TakeBuffered(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    /// <summary>A begun header moves to the start of the buffer, so that a whole one fits.</summary>
    void MakeRoom()
    {
        _buffer ??= ArrayPool<byte>.Shared.Rent(Math.Max(LeastBuffer, FramePrelude.Bytes + limits.MaxHeaderBytes));
        if (_start == _end) (_start, _end) = (0, 0);
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
    }

    void Release()
    {
        if (_buffer is not { } buffer) return;
        (_buffer, _start, _end) = (null, 0, 0);
        Header = default;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    void CheckSum()
    {
        uint actual = Crc32C.Finish(_checksum);
        if (actual != Prelude.Checksum)
            throw new InvalidDataException($"checksum of a {Prelude.Kind} frame is 0x{actual:x8}, its prelude says 0x{Prelude.Checksum:x8}");
    }
}
