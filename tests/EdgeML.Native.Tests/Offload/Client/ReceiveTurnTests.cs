using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Task = EdgeML.Native.Tests.Offload.Client.TailClientTests.Task;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>Blocked callers that read their answers themselves, and everything that may come between.</summary>
public class ReceiveTurnTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void BlockedCaller_OneAfterAnother_ReadsItsOwnAnswer()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using Linked linked = Link(server.EndPoint.Port);
        linked.UntilTheCallerReads();
    }

    [Fact]
    public async System.Threading.Tasks.Task AwaitingCaller_AfterBlockedOnes_IsReadForByTheReceivingThread()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using Linked linked = Link(server.EndPoint.Port);
        linked.UntilTheCallerReads();
        int blocked = Environment.CurrentManagedThreadId;
        var task = new Task(7);
        task.AssertAnswered(await task.SendAsync(linked.Client, 20_000));
        Assert.NotEqual(blocked, linked.Transport.Receiver);
    }

    /// <summary>Cuts: inside the prelude, inside the header, inside the logits.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(FramePrelude.Bytes + 3)]
    [InlineData(-7)]
    public void Deadline_WhileTheCallerReads_LeavesTheRestToTheReceivingThread(int sentInTime)
    {
        using var goOn = new SemaphoreSlim(0);
        bool dawdle = false;
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                byte[] answer = RawTail.Session.Answer(request, payload);
                int first = !Volatile.Read(ref dawdle) ? answer.Length : sentInTime < 0 ? answer.Length + sentInTime : sentInTime;
                session.Send(answer.AsSpan(0, first));
                if (first == answer.Length) continue;
                goOn.Wait(s_patience);
                session.Send(answer.AsSpan(first));
            }
        });
        using Linked linked = Link(tail.Port);
        for (int round = 0; round < 3; round++)
        {
            linked.UntilTheCallerReads();
            Volatile.Write(ref dawdle, true);
            var late = new Task(round);
            TailReply reply = late.SendAndWait(linked.Client, 20);
            Assert.Equal(TailOutcome.Late, reply.Outcome);
            Assert.True(reply.TotalMs >= 19.9, $"{reply.TotalMs} ms");
            Volatile.Write(ref dawdle, false);
            goOn.Release();
            Assert.True(linked.Client.WaitUntilUp(s_patience));
            Assert.All(late.Logits, logit => Assert.Equal(0, logit));
        }
        Assert.Equal(1, tail.Sessions);
    }

    [Theory]
    [InlineData("end", "tail ended the connection")]
    [InlineData("unknown id", "which is not on the way")]
    [InlineData("garbage", "frame begins with")]
    public void Fault_WhileTheCallerReads_LosesTheTaskAndConnectsAnew(string fault, string message)
    {
        string? now = null;
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                switch (Interlocked.Exchange(ref now, null))
                {
                    case "end": return;
                    case "unknown id": session.Send(RawTail.Session.Answer(request with { TaskId = request.TaskId + 256 }, payload)); break;
                    case "garbage": session.Send(Frames.Payload(9, 1000)); break;
                    default: session.Send(RawTail.Session.Answer(request, payload)); break;
                }
            }
        });
        using Linked linked = Link(tail.Port);
        linked.UntilTheCallerReads();
        Volatile.Write(ref now, fault);
        Assert.Equal(TailOutcome.Lost, new Task(1).SendAndWait(linked.Client, 20_000).Outcome);
        Assert.True(SpinWait.SpinUntil(() => linked.Client.LastFault is not null, s_patience));
        Assert.Contains(message, linked.Client.LastFault);
        Assert.True(linked.Client.WaitUntilUp(s_patience));
        linked.UntilTheCallerReads();
        Assert.Equal(2, tail.Sessions);
    }

    [Fact]
    public async System.Threading.Tasks.Task AwaitingCaller_WhileABlockedOneReads_DoesNotGoOnInItsThread()
    {
        using var bothThere = new ManualResetEventSlim();
        bool hold = false;
        using var tail = new RawTail(session => session.AnswerAll(ref hold, bothThere));
        using Linked linked = Link(tail.Port, inline: true);
        int blockedThread = 0;
        TailReply blockedReply = default;
        var blockedTask = new Task(1);
        var blocked = new Thread(() =>
        {
            blockedThread = Environment.CurrentManagedThreadId;
            linked.UntilTheCallerReads();
            Volatile.Write(ref hold, true);
            blockedReply = blockedTask.SendAndWait(linked.Client, 20_000);
        });
        blocked.Start();
        Assert.True(bothThere.Wait(s_patience));
        var awaited = new Task(2);
        int continued = await ThreadThatGoesOn(awaited, linked.Client);
        Assert.True(blocked.Join(s_patience));
        blockedTask.AssertAnswered(blockedReply);
        Assert.NotEqual(blockedThread, continued);
    }

    [Fact]
    public void Dispose_WhileTheCallerReads_LosesItsTask()
    {
        using var asked = new ManualResetEventSlim();
        bool hold = false;
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                if (Volatile.Read(ref hold)) asked.Set();
                else session.Send(RawTail.Session.Answer(request, payload));
            }
        });
        using Linked linked = Link(tail.Port);
        TailReply reply = default;
        var blocked = new Thread(() =>
        {
            linked.UntilTheCallerReads();
            Volatile.Write(ref hold, true);
            reply = new Task(1).SendAndWait(linked.Client, 20_000);
        });
        blocked.Start();
        Assert.True(asked.Wait(s_patience));
        linked.Client.Dispose();
        Assert.True(blocked.Join(s_patience));
        Assert.Equal(TailOutcome.Lost, reply.Outcome);
    }

    [Fact]
    public void Callers_BlockedAndAwaitingAtOnce_EachGetTheirOwnAnswer()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { ComputeThreads = 2 });
        using Linked linked = Link(server.EndPoint.Port);
        int answered = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            for (int i = 0; i < 250; i++)
            {
                var task = new Task((number * 1000) + i, i % 3);
                // Every fourth of one thread awaits.
                bool isAsync = number == 0 && i % 4 == 0;
                TailReply reply = isAsync
                    ? task.SendAsync(linked.Client, 20_000).AsTask().GetAwaiter().GetResult()
                    : task.SendAndWait(linked.Client, 20_000);
                task.AssertAnswered(reply);
                Interlocked.Increment(ref answered);
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) Assert.True(thread.Join(s_patience));
        Assert.Equal(1000, answered);
    }

    static async Task<int> ThreadThatGoesOn(Task task, TailClient client)
    {
        TailReply reply = await task.SendAsync(client, 20_000).ConfigureAwait(false);
        task.AssertAnswered(reply);
        return Environment.CurrentManagedThreadId;
    }

    static Linked Link(int port, bool inline = false) => new(TailClientTests.Options(port) with { CompleteInline = inline });

    /// <summary>A client over TCP whose transport notes who reads.</summary>
    sealed class Linked : IDisposable
    {
        ThreadNotingTransport? _transport;

        public Linked(TailClientOptions options)
        {
            Client = new TailClient(options, FakeTail.Model("sha256:fake"), () =>
            {
                var stop = CancellationToken.None;
                return _transport = new ThreadNotingTransport(TailLink.Connect(options.Host, options.Port, s_patience, stop));
            });
            Assert.True(Client.WaitUntilUp(s_patience), Client.LastFault);
        }

        public TailClient Client { get; }

        public ThreadNotingTransport Transport => _transport!;

        /// <summary>The receiving thread answers the first of them and rests, some time after the caller has gone on.</summary>
        public void UntilTheCallerReads()
        {
            Assert.True(SpinWait.SpinUntil(() =>
            {
                var task = new Task(11);
                task.AssertAnswered(task.SendAndWait(Client, 20_000));
                return Transport.Receiver == Environment.CurrentManagedThreadId;
            }, s_patience));
        }

        public void Dispose() => Client.Dispose();
    }
}
