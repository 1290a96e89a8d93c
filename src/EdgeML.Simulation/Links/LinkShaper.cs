using System.Net;
using System.Net.Sockets;

namespace EdgeML.Simulation.Links;

/// <summary>A slow link in this process: listens on loopback, passes bytes on to a tail at the rate and with the delay of a trace. An
/// outage holds bytes back and breaks nothing, as a radio link does.</summary>
/// <remarks>
/// Both directions have the trace's rate and half its round-trip time; connections share it. At most a few milliseconds of bytes wait
/// here, with small socket buffers before it, so that a sender feels the link instead of filling memory. All methods may be called from any
/// thread.
/// </remarks>
public sealed class LinkShaper : IDisposable
{
    readonly LinkShaperOptions _options;
    readonly LinkClock _clock;
    readonly LinkPacer _up;
    readonly LinkPacer _down;
    readonly List<ShapedStream> _streams = [];
    readonly List<Thread> _threads = [];
    readonly LinkAcceptor _acceptor;
    double _origin;
    bool _started;
    LinkTrace? _held;

    /// <summary>Listens at once; the trace stands at its first level that lets bytes through until <see cref="StartClock"/>.</summary>
    /// <exception cref="SocketException">The address is not free.</exception>
    public LinkShaper(LinkShaperOptions options) : this(options, LinkClock.Machine)
    {
    }

    /// <summary>The same in another time.</summary>
    internal LinkShaper(LinkShaperOptions options, LinkClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _clock, _origin) = (options, clock, clock.Now);
        // Until the clock is started the link is like the trace's first level that lets anything through.
        LinkLevel first = options.Trace.Levels.FirstOrDefault(level => level.Mbps > 0, options.Trace.Levels[0]);
        LinkTrace waiting = LinkTrace.Constant(first.Mbps, first.RttMs);
        (_up, _down) = (new LinkPacer(waiting), new LinkPacer(waiting));
        _acceptor = new LinkAcceptor("edgeml shaper accept", options.EndPoint, () => options.Target, Pass, ShapedStream.SocketBufferBytes);
    }

    /// <summary>Where edges connect to.</summary>
    public IPEndPoint EndPoint => _acceptor.EndPoint;

    /// <summary>Second of the trace; 0 until the clock is started.</summary>
    public double Seconds => Volatile.Read(ref _started) ? Clock : 0;

    /// <summary>The level in force.</summary>
    public LinkLevel Level => Volatile.Read(ref _held) is { } held ? held.Levels[0] : _options.Trace.At(Seconds);

    /// <summary>Starts the trace, or starts it again, at second 0.</summary>
    public void StartClock()
    {
        Volatile.Write(ref _origin, _clock.Now);
        Volatile.Write(ref _started, true);
        _up.Restart(_options.Trace);
        _down.Restart(_options.Trace);
    }

    /// <summary>Leaves the trace and stays at one level until the next call; for runs whose link changes with tasks instead of
    /// seconds.</summary>
    /// <param name="mbps">Megabits per second in each direction; 0 is an outage until the next call.</param>
    /// <param name="rttMs">Round-trip time without transfer.</param>
    /// <exception cref="InvalidDataException">A value that is negative or no number.</exception>
    public void Hold(double mbps, double rttMs)
    {
        LinkTrace level = LinkTrace.Constant(mbps, rttMs);
        Volatile.Write(ref _held, level);
        // In an outage bytes wait before the pacers, which therefore never see a rate of 0 that does not end.
        if (mbps <= 0) return;
        _up.Use(level);
        _down.Use(level);
    }

    /// <summary>Breaks every connection and stops listening.</summary>
    public void Dispose()
    {
        _acceptor.Dispose();
        ShapedStream[] streams;
        lock (_streams) streams = [.. _streams];
        foreach (ShapedStream stream in streams) stream.Abort();
        foreach (Thread thread in _threads) thread.Join();
    }

    /// <summary>Seconds on the pacers' clock, which runs also before the trace does.</summary>
    internal double Clock => ClockAt(_clock.Now);

    /// <summary>The same at a moment of <see cref="Time"/>.</summary>
    internal double ClockAt(double moment) => moment - Volatile.Read(ref _origin);

    /// <summary>The clock of its waits.</summary>
    internal LinkClock Time => _clock;

    /// <summary>One-way delay now, seconds.</summary>
    internal double DelaySeconds
    {
        get
        {
            double rttMs = Level.RttMs;
            return (double.IsNaN(rttMs) ? _options.RttMs : rttMs) / 2000;
        }
    }

    internal double Mbps => Level.Mbps;

    /// <summary>Whether bytes must wait before the link, because the end of its outage is not known yet.</summary>
    internal bool StandsStill => Volatile.Read(ref _held) is { } held && held.Levels[0].Mbps <= 0;

    void Pass(Socket edge, Socket tail)
    {
        var up = new ShapedStream(this, _up, edge, tail);
        var down = new ShapedStream(this, _down, tail, edge);
        (up.Back, down.Back) = (down, up);
        lock (_streams)
        {
            _streams.RemoveAll(stream => stream.IsOver);
            _threads.RemoveAll(thread => !thread.IsAlive);
            _streams.AddRange([up, down]);
            _threads.AddRange(up.Start());
            _threads.AddRange(down.Start());
        }
    }
}
