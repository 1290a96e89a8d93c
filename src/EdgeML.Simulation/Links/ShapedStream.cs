using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace EdgeML.Simulation.Links;

/// <summary>One direction of one connection through a <see cref="LinkShaper"/>: a thread takes bytes in as the rate allows, another lets
/// them out when rate and delay are over.</summary>
sealed class ShapedStream(LinkShaper shaper, LinkPacer pacer, Socket source, Socket target)
{
    /// <summary>Asked of the kernel on the side that feeds the link.</summary>
    public const int SocketBufferBytes = 32 << 10;

    const int SmallestChunk = 1448;
    const int LargestChunk = 16 << 10;

    /// <summary>Bytes of this much link time may wait before the link; enough to bridge a late wake-up.</summary>
    const double BacklogSeconds = 0.003;

    /// <summary>Seconds after which a waiting thread looks whether the connection has ended.</summary>
    const double LongestWait = 0.02;

    /// <summary>Bytes that may be under way at once; a sender of more waits. A link that only delays is not held back by its rate.</summary>
    const int MostUnderWay = 4 << 20;

    readonly object _gate = new();
    readonly Queue<(byte[]? Bytes, int Count, double LeavesAt)> _underWay = new();
    readonly Stack<byte[]> _spare = new();
    volatile bool _over;
    int _bytesUnderWay;

    public bool IsOver => _over;

    /// <summary>The other direction of the connection.</summary>
    public ShapedStream? Back { get; set; }

    public Thread[] Start()
    {
        Thread[] threads =
        [
            new(TakeIn) { IsBackground = true, Name = "edgeml shaper in" },
            new(LetOut) { IsBackground = true, Name = "edgeml shaper out" },
        ];
        foreach (Thread thread in threads) thread.Start();
        return threads;
    }

    public void Abort()
    {
        _over = true;
        Close();
        lock (_gate) Monitor.PulseAll(_gate);
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void TakeIn()
    {
        try
        {
            while (!_over)
            {
                double looked = shaper.Time.Now, backlog = pacer.FreeAt - shaper.ClockAt(looked);
                if (backlog > BacklogSeconds)
                {
                    shaper.Time.WaitUntil(looked + Math.Min(backlog - BacklogSeconds, LongestWait));
                    continue;
                }
                byte[] bytes = Spare();
                // Half a millisecond of link time a chunk: small enough for the rate to look smooth, few enough wake-ups for a fast link.
                int most = (int)Math.Clamp(shaper.Mbps * 1e6 / 8 * 0.0005, SmallestChunk, LargestChunk);
                int count = source.Receive(bytes, 0, most, SocketFlags.None);
                while (shaper.StandsStill && !_over) shaper.Time.WaitUntil(shaper.Time.Now + 0.005);
                double entered = shaper.Time.Now, now = shaper.ClockAt(entered);
                double stays = pacer.Enter(now, count) - now + shaper.DelaySeconds;
                Enqueue(count == 0 ? null : bytes, count, entered + Math.Min(stays, 1e6));
                if (count == 0) return;
            }
        }
        catch (Exception)
        {
            // A reset travels at once: the other side's connection is broken as well.
            Abort();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void LetOut()
    {
        try
        {
            while (!_over)
            {
                (byte[]? bytes, int count, double leavesAt) = Dequeue();
                if (!WaitUntil(leavesAt)) return;
                if (bytes is null)
                {
                    target.Shutdown(SocketShutdown.Send);
                    _over = true;
                    if (Back is { IsOver: true }) Close();
                    return;
                }
                target.Send(bytes, 0, count, SocketFlags.None);
                lock (_gate)
                {
                    _spare.Push(bytes);
                    _bytesUnderWay -= count;
                    Monitor.Pulse(_gate);
                }
            }
        }
        catch (Exception)
        {
            Abort();
        }
    }

    void Close()
    {
        source.Close(0);
        target.Close(0);
    }

    bool WaitUntil(double leavesAt)
    {
        while (!_over)
        {
            double now = shaper.Time.Now;
            if (now >= leavesAt) return true;
            shaper.Time.WaitUntil(Math.Min(leavesAt, now + LongestWait));
        }
        return false;
    }

    void Enqueue(byte[]? bytes, int count, double leavesAt)
    {
        lock (_gate)
        {
            while (_bytesUnderWay + count > MostUnderWay && !_over) Monitor.Wait(_gate);
            _bytesUnderWay += count;
            _underWay.Enqueue((bytes, count, leavesAt));
            Monitor.Pulse(_gate);
        }
    }

    (byte[]? Bytes, int Count, double LeavesAt) Dequeue()
    {
        lock (_gate)
        {
            while (_underWay.Count == 0 && !_over) Monitor.Wait(_gate);
            return _over ? (null, 0, double.PositiveInfinity) : _underWay.Dequeue();
        }
    }

    byte[] Spare()
    {
        lock (_gate) return _spare.TryPop(out byte[]? spare) ? spare : new byte[LargestChunk];
    }
}
