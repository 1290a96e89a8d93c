using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Tests.Links;

/// <summary>Client, shaped link and server together: what the client believes of the link must be what the trace says.</summary>
public class ShapedOffloadTests(ITestOutputHelper output)
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Rate_OfAnIdleClient_FollowsTheTrace()
    {
        using var world = new World(new LinkTrace([new(0, 16, 20, 1), new(2, 2, 20, 1)], lastLevelSeconds: 1000));
        Wait(world, snapshot => snapshot.RateBitsPerSecond is > 8e6 and < 32e6 && snapshot.RttMs is > 18 and < 60);
        world.Shaper.StartClock();
        Assert.True(SpinWait.SpinUntil(() => world.Shaper.Seconds > 2, s_patience));
        Wait(world, snapshot => snapshot.RateBitsPerSecond is > 1.2e6 and < 3e6);
    }

    [Fact]
    public void Outage_TakesTheLinkDown_AndItsEndBringsItBack()
    {
        using var world = new World(new LinkTrace([new(0, 16, 10, 1), new(1, 0, 10, 1), new(3, 16, 10, 1)], lastLevelSeconds: 1000));
        Wait(world, snapshot => snapshot.Up && snapshot.RttMs > 0);
        world.Shaper.StartClock();
        Assert.True(SpinWait.SpinUntil(() => world.Shaper.Seconds > 1, s_patience));
        Wait(world, snapshot => !snapshot.Up);
        Assert.InRange(world.Shaper.Seconds, 1, 3);
        Assert.Equal(TailOutcome.NotSent, world.Send(deadlineMs: 500).Outcome);
        Wait(world, snapshot => snapshot.Up);
        Assert.True(world.Shaper.Seconds >= 3, $"up again at second {world.Shaper.Seconds}");
        Assert.Equal(TailOutcome.Answered, world.Send(deadlineMs: 20_000).Outcome);
    }

    [Fact]
    public void Task_LargerThanTheDeadlineAllows_IsLateAndTheLinkRecovers()
    {
        // 65,536 bytes take 260 ms here; the kernel takes them at once, the deadline passes, the answer is dropped.
        using var world = new World(LinkTrace.Constant(2, rttMs: 10));
        Wait(world, snapshot => snapshot.Up);
        TailReply late = world.Send(deadlineMs: 50);
        Assert.Equal(TailOutcome.Late, late.Outcome);
        Assert.True(late.TotalMs >= 49, $"{late.TotalMs} ms");
        Assert.False(world.Client.IsUp);
        Wait(world, snapshot => snapshot.Up);
        TailReply answered = world.Send(deadlineMs: 20_000);
        Assert.Equal(TailOutcome.Answered, answered.Outcome);
        Assert.True(answered.WireMs >= 250, $"{answered.WireMs} ms");
        Assert.InRange(answered.RateBitsPerSecond, 1e6, 3e6);
    }

    void Wait(World world, Func<LinkSnapshot, bool> condition)
    {
        bool reached = SpinWait.SpinUntil(() => condition(world.Client.Snapshot()), s_patience);
        LinkSnapshot last = world.Client.Snapshot();
        output.WriteLine($"second {world.Shaper.Seconds:0.00}: up {last.Up}, {last.RateBitsPerSecond / 1e6:0.00} Mbps, {last.RttMs:0.0} ms");
        Assert.True(reached, $"up {last.Up}, {last.RateBitsPerSecond} bits a second, {last.RttMs} ms");
    }

    sealed class World : IDisposable
    {
        const int PayloadBytes = 65_536;
        readonly TailServer _server = new(new Echo(), new TailServerOptions());
        readonly SendBuffer _buffer = new(PayloadBytes);
        readonly float[] _logits = new float[2];

        public World(LinkTrace trace)
        {
            Shaper = new LinkShaper(new LinkShaperOptions { Target = _server.EndPoint, Trace = trace });
            Client = new TailClient(new TailClientOptions { Host = "127.0.0.1", Port = Shaper.EndPoint.Port }, new Echo().Manifest);
        }

        public LinkShaper Shaper { get; }

        public TailClient Client { get; }

        public TailReply Send(double deadlineMs) => Client.SendAndWait(
            new TailRequest
            {
                Policy = new ExitPolicy([], 0),
                Encoding = TensorEncoding.Float32,
                Payload = _buffer.Address,
                PayloadBytes = PayloadBytes,
                DeadlineMs = deadlineMs,
            }, _logits);

        public void Dispose()
        {
            Client.Dispose();
            Shaper.Dispose();
            _server.Dispose();
        }

        sealed class Echo : ITailExecutor, ITailSlot
        {
            public ModelManifest Manifest { get; } = new()
            {
                Name = "echo",
                Hash = "sha256:echo",
                Input = new InputInfo([PayloadBytes / sizeof(float)], "float32", 1),
                Classes = 2,
                Units = [new UnitInfo(1, "echo", 0, 8, [2])],
                Cuts = [new CutInfo(0, PayloadBytes, true, "input"), new CutInfo(1, 0, true, "")],
                Exits = [new ExitInfo(1, "logits", 1, 0, 0)],
            };

            public DeviceProfile Profile { get; } = new() { Device = "echo", UnitMs = [0], HeadMs = [] };

            public ITailSlot CreateSlot() => new Echo();

            public ITailPayload CreatePayload(int bytes) => new Payload(bytes);

            public void Run(ReadOnlySpan<TailRow> rows)
            {
                foreach (TailRow row in rows) row.Answer = new TailAnswer(1, 0, 0, 1);
            }

            public void Dispose()
            {
            }

            sealed class Payload(int bytes) : ITailPayload
            {
                public Memory<byte> Data { get; } = GC.AllocateArray<byte>(bytes, pinned: true);

                public void Dispose()
                {
                }
            }
        }
    }
}
