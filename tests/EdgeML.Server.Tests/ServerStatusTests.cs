using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Status;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Tests;

public class ServerStatusTests
{
    [Fact]
    public void GetStatus_AfterRequests_CountsThemByDeviceModelAndExit()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var quiet = new Peer(server.EndPoint).SayHello();
        using var busy = new Peer(server.EndPoint).SayHello();
        for (ulong i = 1; i <= 3; i++) busy.Ask(i);
        // An answer is there a moment before its connection has counted it.
        Assert.True(SpinWait.SpinUntil(() => server.GetStatus().Devices.Sum(each => each.Requests) == 3, TimeSpan.FromSeconds(20)));

        ServerStatus status = server.GetStatus();

        Assert.Equal((ServerState.Serving, false, server.EndPoint), (status.State, status.IsEncrypted, status.EndPoint));
        Assert.Equal([0L, 3L], status.Devices.OrderBy(device => device.Connection).Select(device => device.Requests));
        Assert.All(status.Devices, device => Assert.Equal(("fake", "fake", null), (device.Model, device.Version, device.Identity)));
        ModelStatus model = Assert.Single(status.Models);
        Assert.Equal(("fake", "fake"), (model.Name, model.Version));
        Assert.Equal([0L, 3L], model.Answers);
        Assert.Equal(3 * 128, model.BytesReceived);
        Assert.InRange(model.BytesSent, 3 * FakeTail.Classes * sizeof(float), 3 * 1000);
        Assert.Equal((0, 0), (status.InFlight, status.Waiting));
        Assert.Empty(status.RefusedConnections);
    }

    [Fact]
    public void GetStatus_AfterRefusals_CountsThemByReason()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using (var other = new Peer(server.EndPoint))
        {
            other.Send(Frames.Hello("sha256:another"));
            other.ReadToEnd();
        }
        using (var noise = new Peer(server.EndPoint))
        {
            noise.Send(new byte[64]);
            noise.ReadToEnd();
        }
        using (var late = new Peer(server.EndPoint).SayHello())
        {
            late.Send(Frames.Request(1, Frames.Payload(1), deadlineMs: 0.001f));
            Assert.Equal(ErrorCode.Late, late.ReadError().Code);
        }
        Assert.True(SpinWait.SpinUntil(() => server.Connections == 0, TimeSpan.FromSeconds(20)));

        ServerStatus status = server.GetStatus();

        Assert.Equal(new Dictionary<string, long> { ["model"] = 1, ["bad_frame"] = 1 }, status.RefusedConnections);
        Assert.Equal(new Dictionary<string, long> { ["late"] = 1 }, status.Models[0].Refused);
        Assert.Empty(status.Devices);
    }

    [Fact]
    public async Task State_WhileRequestsAreFinished_IsDraining()
    {
        using var isRunning = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var model = new FakeTail
        {
            Running = _ =>
            {
                isRunning.Set();
                mayEnd.Wait();
            },
        };
        var server = new TailServer(model, new TailServerOptions { DrainLimit = TimeSpan.FromSeconds(20) });
        using var client = new Peer(server.EndPoint).SayHello();
        client.Send(Frames.Request(1, Frames.Payload(1), deadlineMs: 20_000));
        isRunning.Wait();

        Task stopping = server.DisposeAsync().AsTask();

        Assert.True(SpinWait.SpinUntil(() => server.State == ServerState.Draining, TimeSpan.FromSeconds(20)));
        mayEnd.Set();
        Assert.Equal(FrameKind.Reply, client.Read().Kind);
        await stopping;
        Assert.Equal(ServerState.Stopped, server.State);
        Assert.Equal(ServerState.Stopped, server.GetStatus().State);
    }
}
