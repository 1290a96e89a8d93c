using System.Collections.Concurrent;
using System.Diagnostics;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Task = EdgeML.Native.Tests.Offload.Client.TailClientTests.Task;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>Callers that send, compute, and wait for the answer afterwards.</summary>
public sealed class SendAndWaitLaterTests(ITestOutputHelper output)
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Wait_AnsweredBefore_ReturnsTheAnswerAtOnce()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using TailClient client = TailClientTests.Client(server.EndPoint.Port);
        for (int i = 0; i < 50; i++)
        {
            var task = new Task(i, i % 3);
            PendingReply pending = task.Send(client, 20_000);
            Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience));
            Assert.All(task.Logits, logit => Assert.Equal(0, logit));
            TailReply reply = task.Wait(client, pending);
            task.AssertAnswered(reply);
            Assert.InRange(reply.BytesSent - task.Payload.Length, FramePrelude.Bytes + 10, TailRequest.HeadroomBytes);
        }
    }

    [Fact]
    public void Wait_AnsweredMeanwhile_ReturnsTheAnswer()
    {
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = Holding(goOn);
        using TailClient client = Quiet(tail.Port);
        var task = new Task(4);
        TailReply reply = default;
        using var blocks = new ManualResetEventSlim();
        client.Blocking = blocks.Set;
        var edge = new Thread(() => reply = task.Wait(client, task.Send(client, 30_000)));
        edge.Start();
        Assert.True(blocks.Wait(s_patience));
        goOn.Release();
        Assert.True(edge.Join(s_patience));
        task.AssertAnswered(reply);
    }

    [Fact]
    public void Wait_NeverAnswered_IsLateAtTheDeadlineAndTheAnswerIsDropped()
    {
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = Holding(goOn);
        using TailClient client = Quiet(tail.Port);
        // Waits of less than two milliseconds only look, longer ones sleep first; one passes before anybody waits.
        foreach ((double deadlineMs, double computeMs) in new[] { (0.5, 0.0), (1.5, 0.0), (20.0, 0.0), (20.0, 25.0) })
        {
            var task = new Task(3);
            PendingReply pending = task.Send(client, deadlineMs);
            Assert.True(pending.Slot is not null);
            Assert.False(pending.IsEnded);
            long start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < computeMs) Assert.False(pending.IsEnded);
            TailReply reply = task.Wait(client, pending);
            Assert.Equal(TailOutcome.Late, reply.Outcome);
            Assert.True(reply.TotalMs >= Math.Max(deadlineMs, computeMs) - 0.01, $"{reply.TotalMs} ms");
            Assert.False(client.IsUp);
            PendingReply refused = new Task(4).Send(client, 20_000);
            Assert.True(refused.IsEnded);
            Assert.Equal(TailOutcome.NotSent, new Task(4).Wait(client, refused).Outcome);
            goOn.Release();
            Assert.True(client.WaitUntilUp(s_patience));
            Assert.All(task.Logits, logit => Assert.Equal(0, logit));
            goOn.Release();
            var next = new Task(5);
            next.AssertAnswered(next.Wait(client, next.Send(client, 20_000)));
        }
        Assert.Equal(1, tail.Sessions);
    }

    [Fact]
    public void Wait_AnsweredBehindTheDeadlineWhileTheCallerComputes_StillTakesTheAnswer()
    {
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = Holding(goOn);
        using TailClient client = Quiet(tail.Port);
        var task = new Task(6);
        PendingReply pending = task.Send(client, 3);
        long start = Stopwatch.GetTimestamp();
        Assert.True(SpinWait.SpinUntil(() => Stopwatch.GetElapsedTime(start).TotalMilliseconds > 4, s_patience));
        Assert.False(pending.IsEnded);
        goOn.Release();
        Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience));
        task.AssertAnswered(task.Wait(client, pending));
        Assert.True(client.IsUp);
    }

    [Fact]
    public void Send_NoTailThere_IsEndedAndNotSent()
    {
        int port;
        using (var gone = new TailServer(new FakeTail(), new TailServerOptions())) port = gone.EndPoint.Port;
        using var client = new TailClient(TailClientTests.Options(port), FakeTail.Model("sha256:fake"));
        var task = new Task(1);
        PendingReply pending = task.Send(client, 20_000);
        Assert.True(pending.IsEnded);
        TailReply reply = task.Wait(client, pending);
        Assert.Equal((TailOutcome.NotSent, 0L), (reply.Outcome, reply.BytesSent));
        Assert.True(double.IsNaN(reply.RateBitsPerSecond));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wait_ConnectionBreaks_IsLostBeforeOrMeanwhile(bool meanwhile)
    {
        using var breakNow = new SemaphoreSlim(0);
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            session.NextRequest();
            breakNow.Wait(s_patience);
            session.Abort();
        });
        using TailClient client = Quiet(tail.Port);
        var task = new Task(1);
        TailReply reply = default;
        if (!meanwhile)
        {
            PendingReply pending = task.Send(client, 30_000);
            breakNow.Release();
            Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience));
            reply = task.Wait(client, pending);
        }
        else
        {
            using var blocks = new ManualResetEventSlim();
            client.Blocking = blocks.Set;
            var edge = new Thread(() => reply = task.Wait(client, task.Send(client, 30_000)));
            edge.Start();
            Assert.True(blocks.Wait(s_patience));
            breakNow.Release();
            Assert.True(edge.Join(s_patience));
        }
        Assert.Equal(TailOutcome.Lost, reply.Outcome);
        Assert.All(task.Logits, logit => Assert.Equal(0, logit));
    }

    [Fact]
    public void Send_AfterBlockedCallersThatRead_IsReadForByTheReceivingThread()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        ThreadNotingTransport? noting = null;
        // Its rest ends only where it is woken: an answer that is read for this task shows that it was.
        var options = TailClientTests.Options(server.EndPoint.Port) with
        {
            RestMs = int.MaxValue,
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
        };
        using var client = new TailClient(options, FakeTail.Model("sha256:fake"),
            () => noting = new ThreadNotingTransport(TailLink.Connect(options.Host, options.Port, s_patience, CancellationToken.None)));
        Assert.True(client.WaitUntilUp(s_patience));
        for (int round = 0; round < 5; round++)
        {
            Assert.True(SpinWait.SpinUntil(() =>
            {
                var blocked = new Task(11);
                blocked.AssertAnswered(blocked.SendAndWait(client, 20_000));
                return noting!.Receiver == Environment.CurrentManagedThreadId;
            }, s_patience));
            var task = new Task(round);
            PendingReply pending = task.Send(client, 20_000);
            // Nobody waits yet, so nobody but the receiving thread can have read it.
            Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience));
            Assert.NotEqual(Environment.CurrentManagedThreadId, noting!.Receiver);
            TailReply reply = task.Wait(client, pending);
            task.AssertAnswered(reply);
        }
    }

    [Fact]
    public void Send_WhileABlockedCallerReads_IsReadForByThatCaller()
    {
        bool hold = false;
        using var bothThere = new ManualResetEventSlim();
        using var tail = new RawTail(session => session.AnswerAll(ref hold, bothThere));
        using TailClient client = Quiet(tail.Port);
        var first = new Task(1);
        TailReply firstReply = default;
        var blocked = new Thread(() =>
        {
            // One caller after another blocks; sooner or later they read for themselves.
            for (int i = 0; i < 200; i++) new Task(i).SendAndWait(client, 20_000);
            Volatile.Write(ref hold, true);
            firstReply = first.SendAndWait(client, 20_000);
        });
        blocked.Start();
        Assert.True(bothThere.Wait(s_patience));
        var second = new Task(2);
        PendingReply pending = second.Send(client, 20_000);
        Assert.True(SpinWait.SpinUntil(() => pending.IsEnded, s_patience));
        second.AssertAnswered(second.Wait(client, pending));
        Assert.True(blocked.Join(s_patience));
        first.AssertAnswered(firstReply);
    }

    [Fact]
    public void Wait_ManyTimes_GivesEverySlotBackOnce()
    {
        const int most = 4;
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            for (int i = 0; i < 20 * most; i++)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                session.Send(RawTail.Session.Answer(request, payload));
            }
            AnswerTogether(session, most);
        });
        using TailClient client = Quiet(tail.Port, options => options with { Limits = new ProtocolLimits { MaxInFlight = most } });
        for (int i = 0; i < 20 * most; i++)
        {
            var task = new Task(i);
            task.AssertAnswered(task.Wait(client, task.Send(client, 20_000)));
        }
        AssertAllSlotsThere(client, most);
    }

    [Fact]
    public void Callers_OfEveryKindOnABadTail_EachGetOneAnswerAndItsOwn()
    {
        const int seed = 90210, threads = 6, each = 60;
        output.WriteLine($"seed {seed}");
        (int chaotic, int calm) = (1, 0);
        var fate = new Random(seed);
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (Volatile.Read(ref chaotic) == 0)
            {
                Volatile.Write(ref calm, 1);
                AnswerTogether(session, 16);
            }
            var held = new List<byte[]>();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                byte[] answer = RawTail.Session.Answer(request, payload);
                int what = fate.Next(100);
                // Some are answered at once, some with a later one and in another order; a few never, a few lose everybody the connection.
                if (what < 1 || Volatile.Read(ref chaotic) == 0) return;
                if (what < 3) continue;
                held.Insert(fate.Next(held.Count + 1), answer);
                if (what < 15) continue;
                foreach (byte[] frame in held) session.Send(frame);
                held.Clear();
            }
        });
        using var client = new TailClient(TailClientTests.Options(tail.Port) with
        {
            FirstBackoff = TimeSpan.FromMilliseconds(1),
            LongestBackoff = TimeSpan.FromMilliseconds(5),
            StallLimit = TimeSpan.FromMilliseconds(30),
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
        }, FakeTail.Model("sha256:fake"));
        Assert.True(client.WaitUntilUp(s_patience));
        var outcomes = new int[Enum.GetValues<TailOutcome>().Length];
        var hedged = new int[outcomes.Length];
        var failures = new ConcurrentQueue<Exception>();
        Thread[] callers = [.. Enumerable.Range(0, threads).Select(number => new Thread(() =>
        {
            try
            {
                Call(new Random(seed + number), number * 1000);
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }))];
        foreach (Thread caller in callers) caller.Start();
        foreach (Thread caller in callers) Assert.True(caller.Join(s_patience), $"seed {seed}: a caller was never told");
        Assert.Empty(failures);
        output.WriteLine($"outcomes {string.Join(' ', outcomes)}, hedged {string.Join(' ', hedged)}, {tail.Sessions} connections");
        Assert.Equal(threads * each, outcomes.Sum());
        Assert.True(hedged[(int)TailOutcome.Answered] > 20 && hedged[(int)TailOutcome.Late] > 0, $"seed {seed}");

        // A new connection, whose tail answers sixteen together and in reverse: no slot may be missing, none be there twice.
        Volatile.Write(ref chaotic, 0);
        Assert.True(SpinWait.SpinUntil(() =>
        {
            client.WaitUntilUp(s_patience);
            var poke = new Task(1, cut: 2);
            return poke.SendAndWait(client, 1000).Outcome == TailOutcome.Answered && Volatile.Read(ref calm) == 1;
        }, s_patience));
        AssertAllSlotsThere(client, 16);

        void Call(Random random, int first)
        {
            for (int i = 0; i < each; i++)
            {
                client.WaitUntilUp(s_patience);
                var task = new Task(first + i, random.Next(3));
                int kind = random.Next(4);
                double deadlineMs = random.Next(1, 20);
                TailReply reply;
                if (kind == 0) reply = task.SendAsync(client, deadlineMs).AsTask().GetAwaiter().GetResult();
                else if (kind == 1) reply = task.SendAndWait(client, deadlineMs);
                else
                {
                    PendingReply pending = task.Send(client, deadlineMs);
                    for (int looks = random.Next(2000); looks > 0 && !pending.IsEnded; looks--) Thread.SpinWait(20);
                    reply = task.Wait(client, pending);
                    Interlocked.Increment(ref hedged[(int)reply.Outcome]);
                }
                if (reply.Outcome == TailOutcome.Answered) task.AssertAnswered(reply);
                else Assert.All(task.Logits, logit => Assert.Equal(0, logit));
                Interlocked.Increment(ref outcomes[(int)reply.Outcome]);
            }
        }
    }

    static void AssertAllSlotsThere(TailClient client, int most)
    {
        Task[] tasks = [.. Enumerable.Range(0, most).Select(i => new Task(5000 + i))];
        PendingReply[] pending = [.. tasks.Select(task => task.Send(client, 20_000))];
        Assert.All(pending, one => Assert.NotNull(one.Slot));
        Assert.Equal(most, pending.Select(one => one.Slot!.Index).Distinct().Count());
        Assert.Null(new Task(1).Send(client, 20_000).Slot);
        for (int i = 0; i < most; i++) tasks[i].AssertAnswered(tasks[i].Wait(client, pending[i]));
    }

    /// <summary>Takes a number of requests, then answers them, the last one first; those of cut 2 at once.</summary>
    static void AnswerTogether(RawTail.Session session, int count)
    {
        var frames = new Stack<byte[]>();
        while (frames.Count < count)
        {
            (RequestHeader request, byte[] payload) = session.NextRequest();
            byte[] answer = RawTail.Session.Answer(request, payload);
            if (request.Policy.Cut == 2) session.Send(answer);
            else frames.Push(answer);
        }
        foreach (byte[] frame in frames) session.Send(frame);
    }

    static RawTail Holding(SemaphoreSlim goOn) => new(session =>
    {
        session.SayHello();
        while (true)
        {
            (RequestHeader request, byte[] payload) = session.NextRequest();
            goOn.Wait(s_patience);
            session.Send(RawTail.Session.Answer(request, payload));
        }
    });

    /// <summary>A client that sends tasks only.</summary>
    static TailClient Quiet(int port, Func<TailClientOptions, TailClientOptions>? change = null) =>
        TailClientTests.Client(port, null, options => (change?.Invoke(options) ?? options) with
        {
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
            StallLimit = s_patience,
        });
}
