using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

public sealed class SessionLinkTests
{
    static CostModel Costs() =>
        new(FakeTail.Model("sha256:fake"), new DeviceProfile { Device = "edge", UnitMs = [12, 24, 36], HeadMs = [6] }, null, null);

    [Fact]
    public void Snapshot_AfterTheHandshake_CostsAreTheTailsOwn()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using TailClient client = TailClientTests.Client(server.EndPoint.Port);
        CostModel costs = Costs();
        // Until the tail says so itself, a twelfth of the edge's.
        Assert.Equal(6, costs.TailMs, 6);
        var link = new SessionLink(client) { Costs = costs };
        Assert.True(link.Snapshot().Up);
        Assert.Equal(1 + 2 + 3, costs.TailMs, 6);
        Assert.False(costs.UsesBottlenecks);
    }

    [Fact]
    public void Snapshot_SameHandshake_IsToldOnce()
    {
        using var server = new TailServer(new FakeTail { Profile = Tail(10, 20, 30) }, new TailServerOptions());
        using TailClient client = TailClientTests.Client(server.EndPoint.Port);
        CostModel costs = Costs();
        var link = new SessionLink(client) { Costs = costs };
        link.Snapshot();
        Assert.Equal(60, costs.TailMs, 6);
        // What somebody else has told the model since stays.
        costs.UseTail(Tail(1, 1, 1));
        link.Snapshot();
        Assert.Equal(3, costs.TailMs, 6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void Snapshot_TailMeasuredAnotherNumberOfUnits_KeepsTheGuess(int units)
    {
        var profile = new DeviceProfile { Device = "odd", UnitMs = [.. Enumerable.Repeat(5.0, units)], HeadMs = [1] };
        using var server = new TailServer(new FakeTail { Profile = profile }, new TailServerOptions());
        using TailClient client = TailClientTests.Client(server.EndPoint.Port);
        CostModel costs = Costs();
        Assert.True(new SessionLink(client) { Costs = costs }.Snapshot().Up);
        Assert.Equal(6, costs.TailMs, 6);
    }

    public static TheoryData<double[], double[]> Unfit => new()
    {
        { [1, 2, 3], [] },
        { [1, 2, 3], [1, 1] },
        { [1, double.NaN, 3], [1] },
        { [1, 2, 3], [-1] },
        { [1, 2, double.PositiveInfinity], [1] },
    };

    [Theory]
    [MemberData(nameof(Unfit))]
    public void Snapshot_TailSaysWhatDoesNotFit_KeepsTheGuessAndThrowsNothing(double[] units, double[] heads)
    {
        var profile = new DeviceProfile { Device = "odd", UnitMs = units, HeadMs = heads };
        using var server = new TailServer(new FakeTail { Profile = profile }, new TailServerOptions());
        using var client = new TailClient(TailClientTests.Options(server.EndPoint.Port), FakeTail.Model("sha256:fake"));
        // A handshake with times that are no numbers may be refused as a whole; either is fine.
        SpinWait.SpinUntil(() => client.IsUp || client.LastFault is not null, TimeSpan.FromSeconds(60));
        CostModel costs = Costs();
        new SessionLink(client) { Costs = costs }.Snapshot();
        Assert.Equal(6, costs.TailMs, 6);
    }

    [Fact]
    public void Snapshot_NoTailYet_IsDownAndLeavesTheModelAlone()
    {
        int port;
        using (var gone = new TailServer(new FakeTail(), new TailServerOptions())) port = gone.EndPoint.Port;
        using var client = new TailClient(TailClientTests.Options(port), FakeTail.Model("sha256:fake"));
        CostModel costs = Costs();
        Assert.False(new SessionLink(client) { Costs = costs }.Snapshot().Up);
        Assert.Equal(6, costs.TailMs, 6);
        // Nor does it need one.
        Assert.False(new SessionLink(client).Snapshot().Up);
    }

    static DeviceProfile Tail(params double[] unitMs) => new() { Device = "tail", UnitMs = unitMs, HeadMs = [0.5] };
}
