using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;

namespace EdgeML.Server.Transport;

/// <summary>The records of one TLS connection, between a non-blocking socket and the encrypting stream that reads and writes here.</summary>
/// <remarks>Reading completes at once where a whole record has arrived. The stream is given one record at a time, so that the rest is
/// known here. The bytes that it writes wait here until the socket takes them. Without bytes no buffer is held. One reader and one sender
/// at a time.</remarks>
sealed class TlsRecords(Socket socket) : Stream
{
    const int Header = 5, MostRecord = Header + (16 << 10) + 256, LeastBuffer = 16 << 10;
    const byte FirstType = 20, LastType = 24;

    readonly Lock _sending = new();
    byte[]? _in;
    int _inStart;
    int _inEnd;
    int _given;
    byte[]? _out;
    int _outStart;
    int _outEnd;

    /// <summary>Whether writing waits for the socket; only a handshake does.</summary>
    public bool IsHandshake { get; set; } = true;

    /// <summary>Whether bytes have arrived that were not given yet.</summary>
    public bool HasBytes => _inStart < _inEnd;

    /// <summary>Whether a whole record has arrived, or bytes that cannot be one, which the encrypting stream refuses.</summary>
    bool HasRecord => HasBytes && (IsForeign || (_inEnd - _inStart >= Header && _inEnd - _inStart >= RecordBytes));

    bool IsForeign => _in![_inStart] is < FirstType or > LastType;

    /// <summary>0 before its header is there.</summary>
    int RecordBytes => _inEnd - _inStart < Header ? 0
        : Header + BinaryPrimitives.ReadUInt16BigEndian(_in.AsSpan(_inStart + 3));

    /// <summary>Sends what was written as far as the socket takes it.</summary>
    /// <returns>Whether nothing is left.</returns>
    /// <exception cref="SocketException">The connection broke.</exception>
    public bool TrySend()
    {
        lock (_sending)
        {
            while (_outStart < _outEnd)
            {
                int sent = SendNow(_out.AsSpan(_outStart.._outEnd));
                if (sent == 0) return false;
                _outStart += sent;
            }
            if (_out is null) return true;
            ArrayPool<byte>.Shared.Return(_out);
            (_out, _outStart, _outEnd) = (null, 0, 0);
            return true;
        }
    }

    /// <summary>Sends everything that was written.</summary>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async ValueTask SendAsync()
    {
        while (!TrySend())
        {
            // A byte, which the system takes when there is room; the next round fills it.
            ReadOnlyMemory<byte> next;
            lock (_sending) next = new byte[] { _out![_outStart] };
            await socket.SendAsync(next, SocketFlags.None).ConfigureAwait(false);
            lock (_sending) _outStart++;
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        TryRead(buffer.Span) is >= 0 and int count ? new ValueTask<int>(count) : WaitAndReadAsync(buffer, cancellationToken);

    async ValueTask<int> WaitAndReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count;
        // A loop: a record may come in as many pieces as it has bytes.
        do await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        while ((count = TryRead(buffer.Span)) < 0);
        return count;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        lock (_sending)
        {
            int kept = _outEnd - _outStart;
            if (kept == 0) buffer = buffer[SendNow(buffer)..];
            if (buffer.IsEmpty) return;
            if (_out is null || _out.Length - _outEnd < buffer.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(kept + buffer.Length);
                if (_out is not null)
                {
                    _out.AsSpan(_outStart.._outEnd).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(_out);
                }
                (_out, _outStart, _outEnd) = (larger, 0, kept);
            }
            buffer.CopyTo(_out.AsSpan(_outEnd));
            _outEnd += buffer.Length;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return IsHandshake ? SendAsync() : default;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Sends as much as the socket takes.</summary>
    int SendNow(ReadOnlySpan<byte> bytes)
    {
        int sent = socket.Send(bytes, SocketFlags.None, out SocketError error);
        if (error is not (SocketError.Success or SocketError.WouldBlock)) throw new SocketException((int)error);
        return error == SocketError.Success ? sent : 0;
    }

    /// <summary>Takes a part of a record, where a whole one has arrived.</summary>
    /// <returns>Bytes; 0 at the end, -1 where more must arrive.</returns>
    int TryRead(Span<byte> buffer)
    {
        if (_given == 0 && !HasBytes && buffer.Length >= LeastBuffer) return TryReceiveInto(buffer);
        while (_given == 0 && !HasRecord)
            if (TryFill() is <= 0 and int received) return received;
        return Give(buffer);
    }

    /// <summary>The same without a copy for a record that arrives whole and by itself, as most do.</summary>
    int TryReceiveInto(Span<byte> buffer)
    {
        int received = Receive(buffer);
        if (received <= 0 || buffer[0] is < FirstType or > LastType) return received;
        int record = received < Header ? 0 : Header + BinaryPrimitives.ReadUInt16BigEndian(buffer[3..]);
        int given = record <= received ? record : 0;
        Keep(buffer[given..received]);
        return given > 0 ? given : TryRead(buffer);
    }

    /// <summary>Holds bytes back, where none are held.</summary>
    void Keep(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        _in = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length, LeastBuffer));
        bytes.CopyTo(_in);
        (_inStart, _inEnd) = (0, bytes.Length);
    }

    /// <summary>A part of a record, to its end over several calls.</summary>
    int Give(Span<byte> buffer)
    {
        if (_given == 0) _given = IsForeign ? _inEnd - _inStart : RecordBytes;
        int count = Math.Min(buffer.Length, _given);
        _in.AsSpan(_inStart, count).CopyTo(buffer);
        (_inStart, _given) = (_inStart + count, _given - count);
        ReleaseIn();
        return count;
    }

    /// <summary>Receives bytes that are there.</summary>
    /// <returns>Their number; 0 at the end, -1 where none are there.</returns>
    int TryFill()
    {
        MakeRoom();
        int received = Receive(_in.AsSpan(_inEnd));
        if (received > 0) _inEnd += received;
        ReleaseIn();
        return received;
    }

    /// <returns>Bytes; 0 at the end, -1 where none are there.</returns>
    int Receive(Span<byte> buffer)
    {
        int received = socket.Receive(buffer, SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => received,
            SocketError.WouldBlock => -1,
            _ => throw new SocketException((int)error),
        };
    }

    /// <summary>The begun record moves to the start of a buffer that holds all of it.</summary>
    void MakeRoom()
    {
        // Called where no whole record is there, so the begun one is none of another kind.
        int held = _inEnd - _inStart, needed = Math.Max(RecordBytes, LeastBuffer);
        if (needed > MostRecord) throw new IOException($"a TLS record of {needed} bytes, at most {MostRecord} are possible");
        if (_in is not null && _in.Length - _inStart >= needed) return;
        byte[] next = _in is not null && _in.Length >= needed ? _in : ArrayPool<byte>.Shared.Rent(needed);
        if (_in is not null)
        {
            _in.AsSpan(_inStart, held).CopyTo(next);
            if (next != _in) ArrayPool<byte>.Shared.Return(_in);
        }
        (_in, _inStart, _inEnd) = (next, 0, held);
    }

    void ReleaseIn()
    {
        if (_in is null || HasBytes) return;
        ArrayPool<byte>.Shared.Return(_in);
        (_in, _inStart, _inEnd) = (null, 0, 0);
    }
}
