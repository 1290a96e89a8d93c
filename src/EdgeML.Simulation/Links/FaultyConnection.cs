using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace EdgeML.Simulation.Links;

/// <summary>One connection through a <see cref="FaultyRelay"/>: a thread for each direction.</summary>
sealed class FaultyConnection : IDisposable
{
    const int PieceBytes = 4096, MostSplitBytes = 7;

    readonly FaultyRelay _relay;
    readonly Socket _edge;
    readonly Socket _tail;
    readonly ManualResetEventSlim _ended = new();
    readonly Thread _up;
    readonly Thread _down;
    volatile bool _swallowsAll;
    int _directions = 2;

    public FaultyConnection(FaultyRelay relay, Socket edge, Socket tail)
    {
        (_relay, _edge, _tail) = (relay, edge, tail);
        _up = new Thread(() => Run(new Direction(edge, tail, true))) { IsBackground = true, Name = "edgeml faults up" };
        _down = new Thread(() => Run(new Direction(tail, edge, false))) { IsBackground = true, Name = "edgeml faults down" };
    }

    /// <summary>Whether both directions have ended.</summary>
    public bool IsOver => Volatile.Read(ref _directions) == 0;

    public void Start()
    {
        _up.Start();
        _down.Start();
    }

    public void Dispose()
    {
        Abort();
        _up.Join();
        _down.Join();
        _ended.Dispose();
    }

    void Abort()
    {
        _ended.Set();
        _edge.Close(0);
        _tail.Close(0);
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Run(Direction direction)
    {
        try
        {
            byte[] buffer = new byte[64 << 10];
            while (direction.From.Receive(buffer) is > 0 and int count) Pass(direction, buffer.AsSpan(0, count));
            // An end in one direction travels like the bytes.
            if (!_swallowsAll && !direction.Swallows) direction.To.Shutdown(SocketShutdown.Send);
        }
        catch (Exception)
        {
            // So does a reset, and it ends both directions.
            Abort();
        }
        if (Interlocked.Decrement(ref _directions) == 0) Abort();
    }

    void Pass(Direction direction, Span<byte> bytes)
    {
        while (_relay.Take(direction.Upwards, bytes.Length, out int before) is { } fault)
        {
            Send(direction, bytes[..before]);
            bytes = bytes[before..];
            Strike(direction, fault, bytes);
        }
        Send(direction, bytes);
    }

    void Strike(Direction direction, LinkFault fault, Span<byte> next)
    {
        switch (fault.Kind)
        {
            case LinkFaultKind.Reset:
                Abort();
                break;
            case LinkFaultKind.Stall:
                _ended.Wait(TimeSpan.FromMilliseconds(fault.Milliseconds));
                break;
            case LinkFaultKind.Delay:
                (direction.DelayMs, direction.DelayedPieces) = (fault.Milliseconds, fault.Extent);
                break;
            case LinkFaultKind.Truncate:
                _swallowsAll = true;
                _edge.Shutdown(SocketShutdown.Send);
                _tail.Shutdown(SocketShutdown.Send);
                break;
            case LinkFaultKind.Corrupt:
                next[0] ^= (byte)(1 << (fault.Extent % 8));
                break;
            case LinkFaultKind.Split:
                direction.SplitBytes = fault.Extent;
                break;
            case LinkFaultKind.HalfClose:
                direction.Swallows = true;
                direction.To.Shutdown(SocketShutdown.Send);
                break;
            case LinkFaultKind.Kill or LinkFaultKind.Pause:
                _relay.StrikeTail(fault);
                break;
            default:
                throw new InvalidOperationException($"a fault of kind {fault.Kind}");
        }
    }

    void Send(Direction direction, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0 && !_swallowsAll && !direction.Swallows)
        {
            int count = bytes.Length;
            if (direction.SplitBytes > 0)
            {
                count = Math.Min(count, 1 + (direction.SplitBytes % MostSplitBytes));
                direction.SplitBytes -= count;
            }
            else if (direction.DelayedPieces > 0)
            {
                count = Math.Min(count, PieceBytes);
                direction.DelayedPieces--;
                _ended.Wait(TimeSpan.FromMilliseconds(direction.DelayMs));
            }
            direction.To.Send(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    /// <summary>Faults of one direction that are not over; used by its thread alone.</summary>
    sealed class Direction(Socket from, Socket to, bool upwards)
    {
        public Socket From => from;

        public Socket To => to;

        public bool Upwards => upwards;

        public bool Swallows { get; set; }

        public int SplitBytes { get; set; }

        public double DelayMs { get; set; }

        public int DelayedPieces { get; set; }
    }
}
