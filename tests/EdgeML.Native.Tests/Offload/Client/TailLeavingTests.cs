using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>A tail asks its clients to leave: what is on the way is finished, nothing more is sent, and the client comes again at once.</summary>
public class TailLeavingTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30), s_never = TimeSpan.FromHours(1);

    static byte[] GoAway(string text) => Frames.Make(FrameKind.GoAway, new GoAwayHeader(text).Write);

    /// <summary>A client that would not come again within the test if it waited as after a fault.</summary>
    static TailClient Client(int port) => TailClientTests.Client(port, change: options => options with { FirstBackoff = s_never });

    [Fact]
    public async Task Request_OnTheWay_IsAnsweredAndTheNextIsNotSent()
    {
        using ManualResetEventSlim running = new(), release = new();
        FakeTail old = new(), replacement = new();
        old.Running = _ =>
        {
            running.Set();
            Assert.True(release.Wait(s_patience));
        };
        using var server = new TailServer(old, new TailServerOptions { DrainLimit = s_patience });
        using TailClient client = Client(server.EndPoint.Port);
        var first = new TailClientTests.Task(1);
        ValueTask<TailReply> reply = first.SendAsync(client, 20_000);
        Assert.True(running.Wait(s_patience));

        Task replaced = server.ReplaceAsync(old, replacement);
        Assert.True(SpinWait.SpinUntil(() => client.Status.State == TailState.Leaving, s_patience));
        TailReply meanwhile = new TailClientTests.Task(2).SendAndWait(client, 20_000);
        Assert.Equal((TailOutcome.NotSent, FallbackReason.Leaving), (meanwhile.Outcome, meanwhile.Reason));
        Assert.False(replaced.IsCompleted);
        release.Set();
        first.AssertAnswered(await reply);
        await replaced.WaitAsync(s_patience);

        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        Assert.Equal(FallbackReason.Leaving, client.Status.Reason);
        Assert.Equal("tail asks its clients to leave: this version of the model is not served any more", client.LastFault);
        var next = new TailClientTests.Task(3);
        next.AssertAnswered(next.SendAndWait(client, 20_000));
        Assert.Equal((1, 1), (old.Slots, old.Disposed));
        Assert.Equal((1, 0), (replacement.Slots, replacement.Disposed));
    }

    /// <summary>The receiving thread rests then, and a caller reads what comes.</summary>
    [Fact]
    public void GoAway_ReadByABlockedCaller_LeavesItItsAnswer()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            for (int i = 0; i < 20; i++)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                if (i == 19) session.Send(GoAway("the\u001btail stops"));
                session.Send(RawTail.Session.Answer(request, payload));
            }
            session.WaitForEnd();
        });
        using TailClient client = Client(tail.Port);
        for (int i = 0; i < 20; i++)
        {
            var task = new TailClientTests.Task(i);
            task.AssertAnswered(task.SendAndWait(client, 20_000));
        }
        Assert.True(SpinWait.SpinUntil(() => tail.Sessions == 2, s_patience));
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        Assert.Equal("tail asks its clients to leave: the\\u001btail stops", client.LastFault);
    }

    [Fact]
    public void GoAway_OnAnIdleLink_EndsItAndTheClientComesAgain()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            session.Send(GoAway(""));
            session.WaitForEnd();
        });
        using var client = new TailClient(
            TailClientTests.Options(tail.Port) with { FirstBackoff = s_never }, FakeTail.Model("sha256:fake"));
        Assert.True(SpinWait.SpinUntil(() => tail.Sessions == 2 && client.LastFault is not null, s_patience));
        Assert.Equal("tail asks its clients to leave", client.LastFault);
    }

    [Fact]
    public void GoAway_ThenAnEndBeforeTheAnswer_LosesTheRequestOnly()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            session.NextRequest();
            session.Send(GoAway("bye"));
        });
        using TailClient client = Client(tail.Port);
        TailReply reply = new TailClientTests.Task(1).SendAndWait(client, 20_000);
        Assert.Equal(TailOutcome.Lost, reply.Outcome);
        Assert.True(SpinWait.SpinUntil(() => tail.Sessions == 2, s_patience));
    }
}
