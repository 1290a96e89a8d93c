using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>The client with tails that do not serve it: another model, no place, nothing there; and requests it refuses itself.</summary>
public class TailClientRefusalTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Model_OfAnotherHash_IsRefusedClearlyOnBothSides()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var client = new TailClient(TailClientTests.Options(server.EndPoint.Port), FakeTail.Model("sha256:other"));
        Assert.False(client.WaitUntilUp(TimeSpan.FromMilliseconds(200)));
        Assert.True(SpinWait.SpinUntil(() => client.LastFault is not null, s_patience));
        Assert.Equal("tail refuses: it holds another model: client holds model sha256:other, the tail holds sha256:fake; both sides need the package of the same file",
            client.LastFault);
        Assert.Equal((TailState.Down, FallbackReason.OtherModel), (client.Status.State, client.Status.Reason));
        Assert.Equal(TailOutcome.NotSent, new TailClientTests.Task(1).SendAndWait(client, 100).Outcome);
    }

    [Fact]
    public void Model_OfTheSameFileCutElsewhere_IsRefused()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        ModelManifest ours = FakeTail.Model("sha256:fake");
        CutInfo[] cuts = [.. ours.Cuts];
        cuts[1] = cuts[1] with { Tensor = "u1/relu" };
        using var client = new TailClient(TailClientTests.Options(server.EndPoint.Port), ours with { Cuts = cuts });
        Assert.True(SpinWait.SpinUntil(() => client.LastFault is not null, s_patience));
        Assert.Equal(
            "tail refuses: Model, client and tail cut model sha256:fake at different tensors; prepare it alike for both", client.LastFault);
        Assert.Equal(TailOutcome.NotSent, new TailClientTests.Task(1).SendAndWait(client, 100).Outcome);
    }

    [Fact]
    public void Tail_ThatIsNotThere_IsNotSentAndFoundWhenItComes()
    {
        int port;
        using (var gone = new TailServer(new FakeTail(), new TailServerOptions())) port = gone.EndPoint.Port;
        using var client = new TailClient(TailClientTests.Options(port), FakeTail.Model("sha256:fake"));
        Assert.Equal(TailOutcome.NotSent, new TailClientTests.Task(1).SendAndWait(client, 100).Outcome);
        using var server = new TailServer(new FakeTail(), new TailServerOptions { EndPoint = new(System.Net.IPAddress.Loopback, port) });
        Assert.True(client.WaitUntilUp(s_patience));
        var task = new TailClientTests.Task(2);
        task.AssertAnswered(task.SendAndWait(client, 10_000));
    }

    [Fact]
    public void Connections_BeyondTheLimit_AreRefused()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Limits = new ProtocolLimits { MaxConnections = 1 } });
        using TailClient first = TailClientTests.Client(server.EndPoint.Port);
        using var second = new TailClient(TailClientTests.Options(server.EndPoint.Port), FakeTail.Model("sha256:fake"));
        Assert.True(SpinWait.SpinUntil(() => second.LastFault is not null, s_patience));
        Assert.False(second.IsUp);
        Assert.True(first.IsUp);
    }

    [Fact]
    public void Request_TheModelDoesNotHave_Throws()
    {
        using var client = new TailClient(TailClientTests.Options(1), FakeTail.Model("sha256:fake"));
        var error = Assert.Throws<ArgumentException>(() => client.SendAndWait(new TailRequest
        {
            Policy = new ExitPolicy([0.5f], 1),
            Encoding = TensorEncoding.Float32,
            PayloadBytes = 7,
            DeadlineMs = 1
        }, []));
        Assert.Contains("cut 1 in Float32 takes 128 bytes, the request has 7", error.Message);
    }
}
