using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;

namespace EdgeML.Native.Offload.Transport;

/// <summary>TLS over another transport, with its time limits and its sending that never blocks.</summary>
/// <remarks>The encrypting stream knows neither. So it is given a whole record or nothing to read, and what it writes goes into a buffer
/// that is sent as far as the transport takes it. One thread receives, one sends at a time, any thread may abort.</remarks>
sealed class TlsTransport : ITransport
{
    const int RecordHeader = 5, MostPlain = 16 << 10, MostRecord = RecordHeader + MostPlain + 256;

    readonly ITransport _raw;
    readonly RecordStream _records;
    readonly SslStream _tls;
    readonly byte[] _plain = new byte[MostPlain];
    int _plainStart;
    int _plainEnd;
    bool _ended;
    bool _owesByte;

    TlsTransport(ITransport raw)
    {
        _raw = raw;
        _records = new RecordStream(raw);
        _tls = new SslStream(_records, leaveInnerStreamOpen: true);
    }

    /// <summary>Shakes hands.</summary>
    /// <param name="raw">Connected; taken over, and disposed where the handshake fails.</param>
    /// <param name="options">Whom to trust, and who this side is.</param>
    /// <param name="limit">For the handshake.</param>
    /// <exception cref="AuthenticationException">The peer is not trusted, or speaks no TLS.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    /// <exception cref="TimeoutException">The limit passed.</exception>
    public static TlsTransport Connect(ITransport raw, SslClientAuthenticationOptions options, TimeSpan limit)
    {
        var transport = new TlsTransport(raw);
        string? fault = null;
        options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            (fault = CertificateFault.Of(certificate, chain, errors, options.TargetHost)) is null;
        try
        {
            transport._records.BlockUntil(Stopwatch.GetTimestamp() + (long)(limit.TotalSeconds * Stopwatch.Frequency));
            transport._tls.AuthenticateAsClient(options);
            transport._records.BlockUntil(0);
            return transport;
        }
        catch (Exception e)
        {
            transport.Dispose();
            if (fault is not null) throw new AuthenticationException(fault);
            if (transport._records.IsTimeUp) throw new TimeoutException($"TLS handshake not complete after {limit.TotalMilliseconds:0} ms", e);
            throw;
        }
    }

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        long end = timeoutMs < 0 ? 0 : Stopwatch.GetTimestamp() + (timeoutMs * Stopwatch.Frequency / 1000);
        while (true)
        {
            if (_plainStart < _plainEnd)
            {
                int count = Math.Min(destination.Length, _plainEnd - _plainStart);
                _plain.AsSpan(_plainStart, count).CopyTo(destination);
                _plainStart += count;
                return count;
            }
            if (_ended) return 0;
            if (_records.HasRecord)
            {
                Decrypt();
                continue;
            }
            int left = timeoutMs < 0 ? -1 : (int)Math.Max(0, (end - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency);
            int received = _records.Fill(left);
            if (received < 0) return -1;
            if (received == 0) _ended = true;
        }
    }

    /// <summary>Encrypts at most a record at a time. Until all of it is with the transport its last byte does not count as taken, so that
    /// the caller comes again with it and no record stays half sent.</summary>
    public int Send(ReadOnlySpan<byte> source)
    {
        int taken = 0;
        while (true)
        {
            if (!_records.TrySend()) return taken;
            if (_owesByte && taken < source.Length) (taken, _owesByte) = (taken + 1, false);
            if (taken == source.Length) return taken;
            ReadOnlySpan<byte> chunk = source.Slice(taken, Math.Min(MostPlain, source.Length - taken));
            try
            {
                _tls.Write(chunk);
            }
            catch (Exception e) when (IsBroken(e))
            {
                throw Broken(e);
            }
            (taken, _owesByte) = (taken + chunk.Length - 1, true);
        }
    }

    public bool WaitWritable(int timeoutMs) => _raw.WaitWritable(timeoutMs);

    public bool HasArrivals => _plainStart < _plainEnd || _records.HasRecord || _raw.HasArrivals;

    public void EndReceive() => _raw.EndReceive();

    public void EndSend() => _raw.EndSend();

    public void Abort() => _raw.Abort();

    public void Dispose()
    {
        _raw.Dispose();
        _tls.Dispose();
    }

    void Decrypt()
    {
        try
        {
            // By array: the span's way copies once more.
            (_plainStart, _plainEnd) = (0, _tls.Read(_plain, 0, _plain.Length));
            _ended = _plainEnd == 0;
        }
        catch (IOException) when (_records.WasStarved)
        {
            // The record held no data, for instance a ticket.
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Broken(e);
        }
    }

    static bool IsBroken(Exception e) => e is IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException;

    static IOException Broken(Exception e)
    {
        Exception cause = e is IOException && e.InnerException is { } inner ? inner : e;
        return new IOException($"connection broke under TLS: {cause.Message}", e);
    }

    /// <summary>The records that the encrypting stream reads and writes.</summary>
    sealed class RecordStream(ITransport raw) : Stream
    {
        readonly Lock _sending = new();
        byte[] _in = new byte[4096];
        int _inStart;
        int _inEnd;
        int _given;
        byte[] _out = new byte[4096];
        int _outStart;
        int _outEnd;
        long _blockUntil;

        /// <summary>Whether the last read found no whole record.</summary>
        public bool WasStarved { get; private set; }

        /// <summary>Whether a handshake took too long.</summary>
        public bool IsTimeUp { get; private set; }

        /// <summary>Whether a whole record is there, or what cannot be one.</summary>
        public bool HasRecord => _inEnd - _inStart >= RecordHeader && _inEnd - _inStart >= RecordBytes;

        int RecordBytes => RecordHeader + BinaryPrimitives.ReadUInt16BigEndian(_in.AsSpan(_inStart + 3));

        /// <summary>Has reads and writes wait, until a time in Stopwatch ticks; 0 for not any more.</summary>
        public void BlockUntil(long time) => _blockUntil = time;

        /// <summary>Receives more.</summary>
        /// <returns>As <see cref="ITransport.Receive"/> does.</returns>
        public int Fill(int timeoutMs)
        {
            if (_inStart == _inEnd) _inStart = _inEnd = 0;
            if (_inEnd == _in.Length)
            {
                byte[] old = _in;
                if (_inEnd - _inStart > _in.Length / 2) _in = new byte[Math.Min(2 * _in.Length, 2 * MostRecord)];
                old.AsSpan(_inStart.._inEnd).CopyTo(_in);
                (_inStart, _inEnd) = (0, _inEnd - _inStart);
                if (_inEnd == _in.Length) throw new IOException($"a TLS record of {RecordBytes} bytes, at most {MostRecord} are possible");
            }
            int received = raw.Receive(_in.AsSpan(_inEnd), timeoutMs);
            if (received > 0) _inEnd += received;
            return received;
        }

        /// <summary>Sends what was written, as far as the transport takes it.</summary>
        /// <returns>Whether nothing is left.</returns>
        public bool TrySend()
        {
            lock (_sending)
            {
                while (_outStart < _outEnd)
                {
                    int sent = raw.Send(_out.AsSpan(_outStart.._outEnd));
                    if (sent == 0) return false;
                    _outStart += sent;
                }
                _outStart = _outEnd = 0;
                return true;
            }
        }

        public override int Read(Span<byte> buffer)
        {
            WasStarved = false;
            // A record that was begun is given to its end.
            if (_given == 0)
            {
                while (!HasRecord)
                {
                    int received = _blockUntil == 0 ? -1 : Fill(MillisecondsLeft());
                    if (received == 0) return 0;
                    if (received > 0) continue;
                    (WasStarved, IsTimeUp) = (true, _blockUntil != 0);
                    throw new IOException("no whole record is there");
                }
                _given = RecordBytes;
            }
            int count = Math.Min(buffer.Length, _given);
            _in.AsSpan(_inStart, count).CopyTo(buffer);
            (_inStart, _given) = (_inStart + count, _given - count);
            return count;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (_sending)
            {
                if (_outStart == _outEnd) buffer = buffer[raw.Send(buffer)..];
                if (_out.Length - _outEnd < buffer.Length) Array.Resize(ref _out, Math.Max(2 * _out.Length, _outEnd + buffer.Length));
                buffer.CopyTo(_out.AsSpan(_outEnd));
                _outEnd += buffer.Length;
            }
            while (_blockUntil != 0 && !TrySend())
            {
                if (raw.WaitWritable(MillisecondsLeft())) continue;
                IsTimeUp = true;
                throw new IOException("the peer takes no bytes");
            }
        }

        int MillisecondsLeft() => (int)Math.Max(0, (_blockUntil - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency);

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

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

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
