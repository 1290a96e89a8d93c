using EdgeML.Native.Offload.Transport;

namespace EdgeML.Native.Tests.Offload.Transport;

/// <summary>One end of a byte stream in memory, for sessions without sockets.</summary>
sealed class MemoryTransport : ITransport
{
    readonly Direction _in;
    readonly Direction _out;

    MemoryTransport(Direction incoming, Direction outgoing) => (_in, _out) = (incoming, outgoing);

    /// <summary>Two connected ends.</summary>
    /// <param name="capacity">Bytes one direction holds before <see cref="Send"/> takes no more.</param>
    /// <param name="chunk">Most bytes one <see cref="Receive"/> or <see cref="Send"/> moves.</param>
    public static (MemoryTransport A, MemoryTransport B) Pair(int capacity = 1 << 20, int chunk = int.MaxValue)
    {
        (Direction up, Direction down) = (new(capacity, chunk), new(capacity, chunk));
        return (new MemoryTransport(down, up), new MemoryTransport(up, down));
    }

    public int Receive(Span<byte> destination, int timeoutMs) => _in.Receive(destination, timeoutMs);

    public int Send(ReadOnlySpan<byte> source) => _out.Send(source);

    public bool WaitWritable(int timeoutMs) => _out.WaitWritable(timeoutMs);

    public void EndReceive() => _in.End();

    public void EndSend() => _out.End();

    public void Abort()
    {
        _in.Break();
        _out.Break();
    }

    public void Dispose() => Abort();

    sealed class Direction(int capacity, int chunk)
    {
        readonly byte[] _ring = new byte[capacity];
        readonly object _gate = new();
        int _start;
        int _count;
        bool _ended;
        bool _broken;

        public int Receive(Span<byte> destination, int timeoutMs)
        {
            lock (_gate)
            {
                long deadline = Environment.TickCount64 + timeoutMs;
                while (_count == 0 && !_ended && !_broken)
                {
                    int left = timeoutMs < 0 ? Timeout.Infinite : (int)Math.Max(0, deadline - Environment.TickCount64);
                    if (!Monitor.Wait(_gate, left) && _count == 0 && !_ended && !_broken) return -1;
                }
                if (_broken) throw new IOException("connection broke: aborted");
                int take = Math.Min(Math.Min(destination.Length, chunk), _count);
                for (int i = 0; i < take; i++) destination[i] = _ring[(_start + i) % _ring.Length];
                _start = (_start + take) % _ring.Length;
                _count -= take;
                Monitor.PulseAll(_gate);
                return take;
            }
        }

        public int Send(ReadOnlySpan<byte> source)
        {
            lock (_gate)
            {
                if (_broken || _ended) throw new IOException("connection broke: aborted");
                int take = Math.Min(Math.Min(source.Length, chunk), _ring.Length - _count);
                for (int i = 0; i < take; i++) _ring[(_start + _count + i) % _ring.Length] = source[i];
                _count += take;
                Monitor.PulseAll(_gate);
                return take;
            }
        }

        public bool WaitWritable(int timeoutMs)
        {
            lock (_gate)
            {
                if (_count == _ring.Length && !_broken) Monitor.Wait(_gate, timeoutMs);
                return _count < _ring.Length || _broken;
            }
        }

        public void End()
        {
            lock (_gate)
            {
                _ended = true;
                Monitor.PulseAll(_gate);
            }
        }

        public void Break()
        {
            lock (_gate)
            {
                _broken = true;
                Monitor.PulseAll(_gate);
            }
        }
    }
}
