using System.Net;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Tails;

/// <summary>Several tails over loopback TCP: one is killed, one stalls, one is slow, one says that it will stop.</summary>
public sealed class TailSetTests
{
    const double Patient = 20_000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    static TailClientOptions To(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        FirstBackoff = TimeSpan.FromMilliseconds(5),
        LongestBackoff = TimeSpan.FromMilliseconds(20),
    };

    /// <summary>A set that is up.</summary>
    internal static TailSet Set(int[] ports, TailChoice choice = TailChoice.Ordered, Func<TailSetOptions, TailSetOptions>? change = null)
    {
        var options = new TailSetOptions { Tails = [.. ports.Select(port => new TailEntry { Options = To(port) })], Choice = choice, Seed = 1 };
        var set = new TailSet(change?.Invoke(options) ?? options, FakeTail.Model("sha256:fake"));
        Assert.True(set.WaitUntilUp(s_patience), "no tail is up");
        Assert.True(SpinWait.SpinUntil(() => set.Reports().All(tail => tail.Status.State == TailState.Up), s_patience), "not every tail is up");
        return set;
    }

    static TailServer Server(ITailExecutor? executor = null) => new(executor ?? new FakeTail(), new TailServerOptions());

    /// <summary>A tail that takes a request and answers none.</summary>
    /// <param name="asked">Set when it has the request.</param>
    /// <param name="until">Ends it.</param>
    static RawTail Silent(ManualResetEventSlim asked, ManualResetEventSlim until) => new(session =>
    {
        session.SayHello();
        session.NextRequest();
        asked.Set();
        until.Wait(s_patience);
    });

    static TailReply Ask(TailSet set, int seed, double deadlineMs = Patient)
    {
        var task = new TailClientTests.Task(seed);
        TailReply reply = task.SendAndWait(set, deadlineMs);
        if (reply.Outcome == TailOutcome.Answered) task.AssertAnswered(reply);
        return reply;
    }

    [Fact]
    public void Ordered_AllUp_FirstGetsEveryTask()
    {
        using TailServer first = Server(), second = Server();
        using TailSet set = Set([first.EndPoint.Port, second.EndPoint.Port]);
        for (int i = 0; i < 20; i++) Assert.Equal(TailOutcome.Answered, Ask(set, i).Outcome);
        Assert.Equal([20, 0], set.Reports().Select(tail => tail.Answered));
        Assert.Equal([true, false], set.Reports().Select(tail => tail.IsNext));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Killed_WithTheRequestOnItsWay_TheOtherAnswersOnce(bool isAsync)
    {
        using var asked = new ManualResetEventSlim();
        using var dying = new RawTail(session =>
        {
            session.SayHello();
            session.NextRequest();
            asked.Set();
            session.Abort();
        });
        using TailServer second = Server();
        using TailSet set = Set([dying.Port, second.EndPoint.Port]);
        var task = new TailClientTests.Task(7);
        TailReply reply = isAsync ? await task.SendAsync(set, Patient) : task.SendAndWait(set, Patient);
        Assert.True(asked.IsSet);
        task.AssertAnswered(reply);
        TailReport report = set.Reports()[1];
        Assert.Equal((1, 1, 1), (report.Sent, report.Answered, report.Resent));
        // Both requests cost bytes.
        Assert.True(reply.BytesSent >= 2 * task.Payload.Length, $"{reply.BytesSent} bytes");
    }

    [Fact]
    public void Killed_WhileTheEdgeComputesItsStandbyExit_TheOtherAnswers()
    {
        using var dying = new RawTail(session =>
        {
            session.SayHello();
            session.NextRequest();
            session.Abort();
        });
        using TailServer second = Server();
        using TailSet set = Set([dying.Port, second.EndPoint.Port]);
        var task = new TailClientTests.Task(3);
        PendingReply pending = task.Send(set, Patient);
        Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience), "the other tail was never asked");
        task.AssertAnswered(task.Wait(set, pending));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stalled_WithoutAWord_TheOtherIsAskedWhileItCanBeInTime(bool isAsync)
    {
        using var answerNow = new ManualResetEventSlim();
        using var stalling = new RawTail(session =>
        {
            session.SayHello();
            (RequestHeader request, byte[] payload) = session.NextRequest();
            answerNow.Wait(s_patience);
            session.Send(RawTail.Session.Answer(request, payload));
            session.NextRequest();
        });
        using TailServer second = Server();
        using TailSet set = Set([stalling.Port, second.EndPoint.Port]);
        var task = new TailClientTests.Task(11);
        TailReply reply = isAsync ? await task.SendAsync(set, 3000) : task.SendAndWait(set, 3000);
        task.AssertAnswered(reply);
        Assert.Equal(1, set.Reports()[1].Resent);
        // It is overdue: nothing new goes there until its answer has come, which is counted and dropped.
        Assert.Equal(TailState.Stalled, set.Reports()[0].Status.State);
        Assert.Equal(TailOutcome.Answered, Ask(set, 12).Outcome);
        Assert.Equal(2, set.Reports()[1].Answered);
        answerNow.Set();
        Assert.True(SpinWait.SpinUntil(() => set.Reports()[0] is { Dropped: 1, Answered: 0, Status.State: TailState.Up }, s_patience), "the late answer never came");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Overdue_ButFirstAllTheSame_TheOtherIsNotBlamed(bool isAsync)
    {
        using var otherAsked = new ManualResetEventSlim();
        using var answerNow = new ManualResetEventSlim();
        using var slow = new RawTail(session =>
        {
            session.SayHello();
            (RequestHeader request, byte[] payload) = session.NextRequest();
            otherAsked.Wait(s_patience);
            session.Send(RawTail.Session.Answer(request, payload));
            session.NextRequest();
        });
        // Its long profiled times leave both of them long after the other was asked.
        using TailServer other = Server(new FakeTail
        {
            Profile = new DeviceProfile { Device = "fake", UnitMs = [400, 400, 400], HeadMs = [0] },
            Running = _ =>
            {
                otherAsked.Set();
                answerNow.Wait(s_patience);
            },
        });
        using TailSet set = Set([slow.Port, other.EndPoint.Port]);
        var task = new TailClientTests.Task(13);
        TailReply reply = isAsync ? await task.SendAsync(set, 4000) : task.SendAndWait(set, 4000);
        task.AssertAnswered(reply);
        Assert.Equal([1, 0], set.Reports().Select(tail => tail.Answered));
        Assert.Equal((1, TailState.Up), (set.Reports()[1].Resent, set.Reports()[1].Status.State));
        answerNow.Set();
        Assert.True(SpinWait.SpinUntil(() => set.Reports()[1].Dropped == 1, s_patience), "the second answer was not dropped");
    }

    [Fact]
    public void Stalled_AllOfThem_TheDeadlineEndsTheTask()
    {
        using ManualResetEventSlim asked = new(), never = new();
        using RawTail first = Silent(asked, never), second = Silent(asked, never);
        using TailSet set = Set([first.Port, second.Port]);
        TailReply reply = Ask(set, 1, deadlineMs: 200);
        Assert.Equal((TailOutcome.Late, FallbackReason.Late), (reply.Outcome, reply.Reason));
        Assert.True(reply.BytesSent > 0);
        Assert.True(asked.Wait(s_patience));
        never.Set();
    }

    [Fact]
    public void Refused_ByOne_TheOtherAnswers()
    {
        using var busy = new RawTail(session =>
        {
            session.SayHello();
            while (true) session.Send(Frames.Error(session.NextRequest().Request.TaskId, ErrorCode.Busy));
        });
        using TailServer second = Server();
        using TailSet set = Set([busy.Port, second.EndPoint.Port]);
        for (int i = 0; i < 6; i++) Assert.Equal(TailOutcome.Answered, Ask(set, i).Outcome);
        // After three refusals in a row it is left alone for a while.
        Assert.Equal((3, 1L, true), ((int)set.Reports()[0].Sent, set.Reports()[0].Ejections, set.Reports()[0].IsEjected));
    }

    [Fact]
    public void Ejected_ComesBackAfterItsRest()
    {
        var clock = new StoppedClock();
        bool refuses = true;
        using var first = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                session.Send(Volatile.Read(ref refuses) ? Frames.Error(request.TaskId, ErrorCode.Failed) : RawTail.Session.Answer(request, payload));
            }
        });
        using TailServer second = Server();
        using TailSet set = Set([first.Port, second.EndPoint.Port], change: options => options with { Clock = clock });
        for (int i = 0; i < 5; i++) Assert.Equal(TailOutcome.Answered, Ask(set, i).Outcome);
        Volatile.Write(ref refuses, false);
        Ask(set, 5);
        Assert.Equal(0, set.Reports()[0].Answered);
        clock.Pass(TimeSpan.FromSeconds(1.5));
        Ask(set, 6);
        Assert.Equal(1, set.Reports()[0].Answered);
    }

    [Fact]
    public void GoAway_NewTasksGoElsewhereAtOnce_TheOneUnderWayIsAnswered()
    {
        using var said = new ManualResetEventSlim();
        using var answerNow = new ManualResetEventSlim();
        using var leaving = new RawTail(session =>
        {
            session.SayHello();
            (RequestHeader request, byte[] payload) = session.NextRequest();
            session.Send(Frames.Make(FrameKind.GoAway, new GoAwayHeader("about to stop").Write));
            said.Set();
            answerNow.Wait(s_patience);
            session.Send(RawTail.Session.Answer(request, payload));
            session.WaitForEnd();
        });
        using TailServer second = Server();
        using TailSet set = Set([leaving.Port, second.EndPoint.Port]);
        var early = new TailClientTests.Task(1);
        PendingReply pending = early.Send(set, Patient);
        Assert.True(said.Wait(s_patience));
        Assert.True(SpinWait.SpinUntil(() => set.Reports()[0].Status.State == TailState.Leaving, s_patience), "go-away was not noticed");
        Assert.Equal(TailOutcome.Answered, Ask(set, 2).Outcome);
        Assert.Equal(1, set.Reports()[1].Answered);
        answerNow.Set();
        early.AssertAnswered(early.Wait(set, pending));
        Assert.Equal(1, set.Reports()[0].Answered);
        // Once it has answered what it had, the client connects anew.
        Assert.True(SpinWait.SpinUntil(() => leaving.Sessions > 1, s_patience), "the client stayed");
        Assert.Equal(FallbackReason.Leaving, set.Reports()[0].Status.Reason);
    }

    [Fact]
    public async Task Hedge_AfterTheQuantile_TheFirstAnswerCountsAndTheOtherIsDropped()
    {
        bool hold = false;
        using var held = new ManualResetEventSlim();
        using var answerNow = new ManualResetEventSlim();
        using var first = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                if (Volatile.Read(ref hold))
                {
                    held.Set();
                    answerNow.Wait(s_patience);
                }
                session.Send(RawTail.Session.Answer(request, payload));
            }
        });
        using TailServer second = Server();
        using TailSet set = Set([first.Port, second.EndPoint.Port], change: options => options with { HedgeQuantile = 0.9 });
        for (int i = 0; i < 32; i++) Ask(set, i);
        long before = set.Reports()[1].Hedges;
        Volatile.Write(ref hold, true);
        var task = new TailClientTests.Task(99);
        TailReply reply = await task.SendAsync(set, Patient);
        Assert.True(held.IsSet);
        task.AssertAnswered(reply);
        Assert.Equal((before + 1, 0), (set.Reports()[1].Hedges, set.Reports()[1].Resent));
        answerNow.Set();
        Assert.True(SpinWait.SpinUntil(() => set.Reports()[0].Dropped >= 1, s_patience), "the loser's answer was not dropped");
    }

    [Fact]
    public async Task Cancelled_WhileItWaits_EndsAtOnce()
    {
        using ManualResetEventSlim asked = new(), never = new();
        using RawTail first = Silent(asked, never);
        using TailServer second = Server();
        using TailSet set = Set([first.Port, second.EndPoint.Port]);
        using var source = new CancellationTokenSource();
        ValueTask<TailReply> pending = new TailClientTests.Task(1).SendAsync(set, Patient, source.Token);
        Assert.True(asked.Wait(s_patience));
        await source.CancelAsync();
        Assert.Equal(TailOutcome.Cancelled, (await pending).Outcome);
        never.Set();
    }

    [Fact]
    public void Balanced_OneIsSlow_TheQuickOneGetsAlmostAll()
    {
        using var slowly = new ManualResetEventSlim();
        using TailServer slow = Server(new FakeTail { Running = _ => slowly.Wait(20) }), quick = Server();
        using TailSet set = Set([slow.EndPoint.Port, quick.EndPoint.Port], TailChoice.Balanced);
        for (int i = 0; i < 100; i++) Assert.Equal(TailOutcome.Answered, Ask(set, i).Outcome);
        TailReport[] tails = [.. set.Reports()];
        Assert.True(tails[1].Answered > 60, $"{tails[0]}; {tails[1]}");
    }

    [Fact]
    public async Task Balanced_ManyAtATime_BothWork()
    {
        using TailServer first = Server(), second = Server(), third = Server();
        using TailSet set = Set([first.EndPoint.Port, second.EndPoint.Port, third.EndPoint.Port], TailChoice.Balanced);
        for (int round = 0; round < 20; round++)
        {
            TailClientTests.Task[] tasks = [.. Enumerable.Range(0, 8).Select(i => new TailClientTests.Task((round * 8) + i))];
            ValueTask<TailReply>[] replies = [.. tasks.Select(task => task.SendAsync(set, Patient))];
            for (int i = 0; i < tasks.Length; i++) tasks[i].AssertAnswered(await replies[i]);
        }
        Assert.All(set.Reports(), tail => Assert.True(tail.Answered > 0, tail.ToString()));
        Assert.Equal(160, set.Reports().Sum(tail => tail.Answered));
    }

    [Fact]
    public void Snapshot_IsOfTheTailThatTheNextTaskGoesTo()
    {
        using TailServer second = Server(new FakeTail { Profile = new() { Device = "fake", UnitMs = [4, 5, 6], HeadMs = [1] } });
        using (TailServer first = Server())
        {
            using TailSet set = Set([first.EndPoint.Port, second.EndPoint.Port]);
            LinkSnapshot link = set.Snapshot(out var profile, out _);
            Assert.Equal((0, true, 1), (link.Tail, link.Up, profile!.UnitMs[0]));
            first.Dispose();
            Assert.True(SpinWait.SpinUntil(() => set.Snapshot(out _, out _).Tail == 1, s_patience), "the next task still goes to the first");
            link = set.Snapshot(out profile, out _);
            Assert.Equal((1, true, 4), (link.Tail, link.Up, profile!.UnitMs[0]));
            second.Dispose();
            Assert.True(SpinWait.SpinUntil(() => !set.Snapshot(out _, out _).Up, s_patience));
            Assert.NotEqual(FallbackReason.None, set.DownReason);
        }
    }

    [Fact]
    public void EveryAddress_OfAName_IsATail_NewOnesAreFound_DeadOnesForgotten()
    {
        using TailServer server = new(new FakeTail(), new TailServerOptions { EndPoint = new IPEndPoint(IPAddress.Any, 0) });
        string[] addresses = ["127.0.0.1", "127.0.0.2"];
        var options = new TailSetOptions
        {
            Tails = [new TailEntry { Options = To(server.EndPoint.Port) with { Host = "tails.test" }, EveryAddress = true }],
            Choice = TailChoice.Balanced,
            Resolve = host => host == "tails.test" ? [.. addresses.Select(IPAddress.Parse)] : throw new ArgumentException(host),
            Seed = 1,
        };
        using var members = new TailMembers(options, FakeTail.Model("sha256:fake"), null);
        Assert.Equal(["127.0.0.1", "127.0.0.2"], members.All.Select(member => member.Host));
        Assert.All(members.All, member => Assert.True(member.Client.WaitUntilUp(s_patience), member.Client.LastFault));

        addresses = ["127.0.0.2", "127.0.0.3"];
        members.NoteUse();
        members.LookUp();
        // The first still answers; it goes once it is down.
        Assert.Equal(["127.0.0.1", "127.0.0.2", "127.0.0.3"], members.All.Select(member => member.Host));
        server.Dispose();
        Assert.True(SpinWait.SpinUntil(() => members.All.All(member => !member.Client.IsUp), s_patience));
        members.NoteUse();
        members.LookUp();
        Assert.Equal(["127.0.0.2", "127.0.0.3"], members.All.Select(member => member.Host));
        Assert.Equal(0, members.Faults.Count);
    }

    [Fact]
    public void EveryAddress_NameIsUnknownAtFirst_IsLookedUpAgain()
    {
        bool known = false;
        var options = new TailSetOptions
        {
            Tails = [new TailEntry { Options = To(9) with { Host = "tails.invalid" }, EveryAddress = true }],
            Resolve = _ => known ? [IPAddress.Loopback, IPAddress.Parse("127.0.0.2")] : throw new System.Net.Sockets.SocketException(11001),
        };
        using var members = new TailMembers(options, FakeTail.Model("sha256:fake"), null);
        Assert.Equal(["tails.invalid"], members.All.Select(member => member.Host));
        known = true;
        members.NoteUse();
        members.LookUp();
        Assert.Equal(["127.0.0.1", "127.0.0.2"], members.All.Select(member => member.Host));
    }

    [Fact]
    public async Task Dispose_WithATaskOnItsWay_EndsIt()
    {
        using ManualResetEventSlim asked = new(), never = new();
        using RawTail first = Silent(asked, never);
        TailSet set = Set([first.Port]);
        ValueTask<TailReply> pending = new TailClientTests.Task(1).SendAsync(set, Patient);
        Assert.True(asked.Wait(s_patience));
        set.Dispose();
        Assert.Equal(TailOutcome.Lost, (await pending).Outcome);
        never.Set();
    }

    [Fact]
    public void Options_ThatMeanNothing_AreRefused()
    {
        var options = new TailSetOptions { Tails = [new TailEntry { Options = To(7410) }] };
        Assert.Contains("Tails", Assert.ThrowsAny<ArgumentException>(() => (options with { Tails = [] }).Check()).Message, StringComparison.Ordinal);
        Assert.Contains("0.3", Assert.ThrowsAny<ArgumentException>(() => (options with { HedgeQuantile = 0.3 }).Check()).Message, StringComparison.Ordinal);
        Assert.Contains("Choice", Assert.ThrowsAny<ArgumentException>(() => (options with { Choice = (TailChoice)9 }).Check()).Message, StringComparison.Ordinal);
        TailEntry weightless = options.Tails[0] with { Weight = 0 };
        Assert.Contains("Weight", Assert.ThrowsAny<ArgumentException>(() => (options with { Tails = [weightless] }).Check()).Message, StringComparison.Ordinal);
        Assert.Contains("twice", Assert.ThrowsAny<ArgumentException>(
            () => (options with { Tails = [options.Tails[0], options.Tails[0]] }).Check()).Message, StringComparison.Ordinal);
    }

    sealed class StoppedClock : TimeProvider
    {
        long _now = 1;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _now, (long)(time.TotalSeconds * TimestampFrequency));
    }
}
