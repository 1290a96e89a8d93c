using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Tests.Links;

public class LinkShaperTests
{
    /// <summary>An upload of known size takes exactly as long as the rate says, in the shaper's own time.</summary>
    [Theory]
    [InlineData(2, 50_000)]
    [InlineData(16, 400_000)]
    public void Upload_ConstantRate_TakesItsTime(double mbps, int bytes)
    {
        var clock = new JumpingClock();
        using var world = new World(LinkTrace.Constant(mbps, rttMs: 0), clock);
        var sender = new Thread(() => world.Edge.Send(new byte[bytes]));
        sender.Start();
        ReceiveAll(world.Tail, bytes);
        Assert.Equal(bytes * 8 / (mbps * 1e6), clock.Now, 6);
        sender.Join();
    }

    /// <summary>On the machine's clock nothing arrives early; how late it may be is the machine's business.</summary>
    [Fact]
    public void Upload_MachineClock_IsNotEarly()
    {
        const int bytes = 50_000;
        using var world = new World(LinkTrace.Constant(2, rttMs: 0));
        long start = Stopwatch.GetTimestamp();
        world.Edge.Send(new byte[bytes]);
        ReceiveAll(world.Tail, bytes);
        Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds >= 0.95 * bytes * 8 / 2e6);
    }

    [Fact]
    public void PingPong_WithRtt_TakesIt()
    {
        var clock = new JumpingClock();
        using var world = new World(LinkTrace.Constant(1000, rttMs: 40), clock);
        byte[] one = [42];
        for (int round = 1; round <= 5; round++)
        {
            world.Edge.Send(one);
            ReceiveAll(world.Tail, 1);
            world.Tail.Send(one);
            ReceiveAll(world.Edge, 1);
            Assert.Equal(round * 0.040, clock.Now, 6);
        }
    }

    [Fact]
    public void Outage_HoldsBytesAndBreaksNothing()
    {
        var clock = new JumpingClock();
        using var world = new World(
            new LinkTrace([new(0, 8, 0, 1), new(0.1, 0, 0, 1), new(0.6, 8, 0, 1)], lastLevelSeconds: 100), clock);
        world.Shaper.StartClock();
        byte[] sent = new byte[200_000];
        new Random(1).NextBytes(sent);
        var sender = new Thread(() => world.Edge.Send(sent));
        sender.Start();
        byte[] received = ReceiveAll(world.Tail, sent.Length);
        sender.Join();
        Assert.Equal(sent, received);
        // 200 ms of link time around half a second without a link.
        Assert.Equal(0.7, clock.Now, 6);
    }

    [Fact]
    public void Hold_Outage_LastsUntilTheNextLevel()
    {
        var clock = new JumpingClock();
        using var world = new World(LinkTrace.Constant(8, rttMs: 0), clock);
        world.Shaper.Hold(0, rttMs: 0);
        byte[] sent = [1, 2, 3];
        world.Edge.Send(sent);
        // They are in front of the link and have waited for a second of its time.
        int before = clock.Waits;
        Assert.True(SpinWait.SpinUntil(() => clock.Waits - before > 200, TimeSpan.FromSeconds(60)));
        Assert.Equal(0, world.Tail.Available);
        Assert.Equal(0, world.Shaper.Level.Mbps);

        world.Shaper.Hold(50, rttMs: 4);

        Assert.Equal(sent, ReceiveAll(world.Tail, 3));
        Assert.Equal(50, world.Shaper.Level.Mbps);
    }

    [Fact]
    public void Close_OfOneSide_ReachesTheOther()
    {
        using var world = new World(LinkTrace.Constant(8, rttMs: 2));
        world.Edge.Send([1, 2, 3]);
        world.Edge.Shutdown(SocketShutdown.Send);
        Assert.Equal([1, 2, 3], ReceiveAll(world.Tail, 3));
        Assert.Equal(0, world.Tail.Receive(new byte[1]));
        world.Tail.Close();
        Assert.Equal(0, world.Edge.Receive(new byte[1]));
    }

    static byte[] ReceiveAll(Socket socket, int bytes)
    {
        byte[] all = new byte[bytes];
        for (int filled = 0; filled < bytes;)
        {
            int received = socket.Receive(all.AsSpan(filled));
            Assert.NotEqual(0, received);
            filled += received;
        }
        return all;
    }

    sealed class World : IDisposable
    {
        readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public World(LinkTrace trace, LinkClock? clock = null)
        {
            _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _listener.Listen();
            Shaper = new LinkShaper(
                new LinkShaperOptions { Target = (IPEndPoint)_listener.LocalEndPoint!, Trace = trace }, clock ?? LinkClock.Machine);
            Edge = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000 };
            Edge.Connect(Shaper.EndPoint);
            Tail = _listener.Accept();
            Tail.NoDelay = true;
            Tail.ReceiveTimeout = 20_000;
        }

        public LinkShaper Shaper { get; }

        public Socket Edge { get; }

        public Socket Tail { get; }

        public void Dispose()
        {
            Edge.Dispose();
            Tail.Dispose();
            Shaper.Dispose();
            _listener.Dispose();
        }
    }
}
