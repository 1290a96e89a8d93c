using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>The client over loopback TCP against tails that answer, dawdle, lie and die.</summary>
public class TailClientTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(0, TensorEncoding.Bytes)]
    [InlineData(0, TensorEncoding.Float32)]
    [InlineData(1, TensorEncoding.Float16)]
    [InlineData(1, TensorEncoding.Int8)]
    [InlineData(2, TensorEncoding.Float32)]
    public void SendAndWait_EveryEncoding_AnswersRight(int cut, TensorEncoding encoding)
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using TailClient client = Client(server.EndPoint.Port);
        var task = new Task(1, cut, encoding);
        TailReply reply = task.SendAndWait(client, 10_000);
        task.AssertAnswered(reply);
        Assert.InRange(reply.BytesSent - task.Payload.Length, FramePrelude.Bytes + 10, TailRequest.HeadroomBytes);
        Assert.InRange(reply.WireMs, 0, reply.TotalMs);
        Assert.Equal([1.0, 2.0, 3.0], client.TailProfile!.UnitMs);
    }

    [Fact]
    public async System.Threading.Tasks.Task SendAsync_Pipelined_GivesEachItsOwnAnswer()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { ComputeThreads = 3 });
        using TailClient client = Client(server.EndPoint.Port);
        for (int round = 0; round < 50; round++)
        {
            Task[] tasks = [.. Enumerable.Range(0, 16).Select(i => new Task((round * 100) + i, i % 3, TensorEncoding.Float32))];
            ValueTask<TailReply>[] replies = [.. tasks.Select(task => task.SendAsync(client, 20_000))];
            for (int i = 0; i < tasks.Length; i++) tasks[i].AssertAnswered(await replies[i]);
        }
    }

    [Fact]
    public async System.Threading.Tasks.Task SendAsync_AnsweredInReverse_GivesEachItsOwnAnswer()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                var requests = new List<(RequestHeader Request, byte[] Payload)>();
                for (int i = 0; i < 5; i++) requests.Add(session.NextRequest());
                for (int i = 4; i >= 0; i--) session.Send(RawTail.Session.Answer(requests[i].Request, requests[i].Payload));
            }
        });
        using TailClient client = Client(tail.Port);
        Task[] tasks = [.. Enumerable.Range(0, 5).Select(i => new Task(i))];
        ValueTask<TailReply>[] replies = [.. tasks.Select(task => task.SendAsync(client, 20_000))];
        for (int i = 0; i < 5; i++) tasks[i].AssertAnswered(await replies[i]);
    }

    [Fact]
    public async System.Threading.Tasks.Task Deadline_Passed_IsLateOnceAndTheAnswerIsDropped()
    {
        using var answerNow = new SemaphoreSlim(0);
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                answerNow.Wait(s_patience);
                session.Send(RawTail.Session.Answer(request, payload));
            }
        });
        using TailClient client = Client(tail.Port);
        foreach (bool isAsync in new[] { false, true })
        {
            var task = new Task(3);
            TailReply reply = isAsync ? await task.SendAsync(client, 20) : task.SendAndWait(client, 20);
            Assert.Equal(TailOutcome.Late, reply.Outcome);
            Assert.True(reply.TotalMs >= 19.9, $"{reply.TotalMs} ms");
            Assert.All(task.Logits, logit => Assert.Equal(0, logit));
            // Its bytes may still be on the way: nothing is sent behind them.
            Assert.False(client.IsUp);
            Assert.Equal(TailOutcome.NotSent, new Task(4).SendAndWait(client, 20_000).Outcome);
            answerNow.Release();
            Assert.True(client.WaitUntilUp(s_patience));
            Assert.All(task.Logits, logit => Assert.Equal(0, logit));
            var next = new Task(5);
            answerNow.Release();
            next.AssertAnswered(next.SendAndWait(client, 20_000));
        }
        Assert.Equal(1, tail.Sessions);
    }

    [Fact]
    public void Stall_BeyondTheLimit_CutsTheConnectionAndMakesItAnew()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            session.NextRequest();
            session.WaitForEnd();
        });
        using TailClient client = Client(tail.Port, new ProtocolLimits(),
            options => options with { StallLimit = TimeSpan.FromMilliseconds(50) });
        Assert.Equal(TailOutcome.Late, new Task(1).SendAndWait(client, 5).Outcome);
        Assert.True(client.WaitUntilUp(s_patience));
        Assert.Equal(2, tail.Sessions);
    }

    [Theory]
    [InlineData("reset")]
    [InlineData("end")]
    [InlineData("half a reply")]
    [InlineData("garbage")]
    [InlineData("unknown id")]
    [InlineData("twice")]
    [InlineData("class outside the model")]
    [InlineData("logits of another size")]
    [InlineData("flipped bit")]
    [InlineData("request")]
    [InlineData("huge")]
    public void Tail_ThatBreaksOrLies_CostsNoAnswerAndIsConnectedAnew(string fault)
    {
        int broken = 0;
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                byte[] answer = RawTail.Session.Answer(request, payload);
                if (broken++ > 0)
                {
                    session.Send(answer);
                    continue;
                }
                switch (fault)
                {
                    case "reset": session.Abort(); return;
                    case "end": return;
                    case "half a reply": session.Send(answer.AsSpan(0, answer.Length / 2)); return;
                    case "garbage": session.Send(Frames.Payload(9, 1000)); break;
                    case "unknown id": session.Send(RawTail.Session.Answer(request with { TaskId = request.TaskId + 256 }, payload)); break;
                    case "class outside the model":
                        session.Send(Frames.Reply(request.TaskId, new TailAnswer(1, 4, 0, 1),
                        new byte[16])); break;
                    case "logits of another size":
                        session.Send(Frames.Reply(request.TaskId, new TailAnswer(1, 1, 0, 1),
                        new byte[20])); break;
                    case "flipped bit": answer[^3] ^= 1; session.Send(answer); break;
                    case "request": session.Send(Frames.Request(1, payload)); break;
                    case "huge":
                        BitConverter.TryWriteBytes(answer.AsSpan(8), 0x7fffffff);
                        session.Send(answer);
                        break;
                    default:
                        session.Send(answer);
                        session.Send(answer);
                        break;
                }
                session.WaitForEnd();
                return;
            }
        });
        using TailClient client = Client(tail.Port);
        var first = new Task(1);
        TailReply reply = first.SendAndWait(client, 20_000);
        if (fault == "twice") first.AssertAnswered(reply);
        else Assert.Equal(TailOutcome.Lost, reply.Outcome);

        // The second connection is a good one; a client that is between the two says so and sends nothing.
        TailReply after;
        var second = new Task(2);
        do
        {
            Assert.True(client.WaitUntilUp(s_patience));
            after = second.SendAndWait(client, 20_000);
        }
        while (after.Outcome is TailOutcome.NotSent or TailOutcome.Lost);
        second.AssertAnswered(after);
        Assert.Equal(2, tail.Sessions);
        Assert.NotNull(client.LastFault);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async System.Threading.Tasks.Task Server_Disposed_AnswersWhatItComputes(bool asynchronously)
    {
        using var started = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var fake = new FakeTail
        {
            Running = _ =>
            {
                started.Set();
                release.Wait(s_patience);
            },
        };
        var server = new TailServer(fake, new TailServerOptions { DrainLimit = s_patience });
        using TailClient client = Client(server.EndPoint.Port);
        var task = new Task(1);
        ValueTask<TailReply> reply = task.SendAsync(client, 30_000);
        Assert.True(started.Wait(s_patience));
        var stopping = asynchronously ? server.DisposeAsync().AsTask() : System.Threading.Tasks.Task.Run(server.Dispose);
        Assert.False(stopping.IsCompleted);
        release.Set();
        task.AssertAnswered(await reply);
        await stopping.WaitAsync(s_patience);
        Assert.Equal(fake.Slots, fake.Disposed);
    }

    /// <summary>The seed draws before, during or after which tasks the server is killed, so that a failure can be had again.</summary>
    [Fact]
    public void Server_KilledAndRestartedAtRandom_LosesAndDoublesNothing()
    {
        const int seed = 4711, tasks = 1000;
        var random = new Random(seed);
        using var tail = new KilledTail(new FakeTail());
        using var client = new TailClient(Options(tail.Port) with
        {
            FirstBackoff = TimeSpan.FromMilliseconds(1),
            LongestBackoff = TimeSpan.FromMilliseconds(5),
            RestMs = 1,
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
        }, FakeTail.Model("sha256:fake"));
        var fates = new int[4];
        for (int i = 0; i < tasks; i++)
        {
            string what = $"seed {seed}, task {i}";
            Assert.True(client.WaitUntilUp(s_patience), $"{what}: {client.LastFault}");
            int fate = Math.Max(0, random.Next(20) - 16);
            fates[fate]++;
            if (fate == 1)
            {
                tail.Kill();
                Assert.True(SpinWait.SpinUntil(() => !client.IsUp, s_patience), what);
            }
            // Asked to leave it is not up either, but still gets the answer.
            if (fate == 2) tail.KillWhileItComputes(() => client.Status.State is not (TailState.Up or TailState.Leaving));
            var task = new Task(i, i % 3, TensorEncoding.Float32);
            TailReply reply = task.SendAndWait(client, 60_000);
            Assert.Equal(fate switch { 1 => TailOutcome.NotSent, 2 => TailOutcome.Lost, _ => TailOutcome.Answered }, reply.Outcome);
            if (reply.Outcome == TailOutcome.Answered) task.AssertAnswered(reply);
            else Assert.All(task.Logits, logit => Assert.Equal(0, logit));
            if (fate == 3) tail.Kill();
            if (fate > 0)
            {
                // A connection that the client has not yet missed must not be taken for the next one.
                Assert.True(SpinWait.SpinUntil(() => !client.IsUp, s_patience), what);
                tail.Restart();
            }
        }
        Assert.All(fates, count => Assert.True(count > 20, $"seed {seed}: {string.Join(' ', fates)}"));
    }

    [Fact]
    public void Refusal_WithControlCharacters_IsPrintable()
    {
        using var tail = new RawTail(session =>
        {
            session.Input.ReadHead(s_patience, s_patience);
            session.Send(Frames.Make(FrameKind.Error, new ErrorHeader
            {
                Code = ErrorCode.Unavailable,
                Text = "full\u001b[2J\r\nedgeml: all is well\u202e\u0085",
            }.Write));
            session.WaitForEnd();
        });
        using var client = new TailClient(Options(tail.Port), FakeTail.Model("sha256:fake"));
        Assert.True(SpinWait.SpinUntil(() => client.LastFault is not null, s_patience));
        Assert.Equal(
            @"tail refuses: Unavailable, full\u001b[2J\u000d\u000aedgeml: all is well\u202e\u0085", client.LastFault);
    }

    [Fact]
    public void Answers_WithTimesBeyondTheirExchange_AreCutToIt()
    {
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (true)
            {
                (RequestHeader request, byte[] payload) = session.NextRequest();
                Assert.NotEqual(0ul, request.TaskId);
                float[] logits = new float[FakeTail.Classes];
                TailAnswer answer = FakeTail.Expected(payload, request.Policy.Cut, logits);
                session.Send(Frames.Make(FrameKind.Reply, new ReplyHeader
                {
                    TaskId = request.TaskId,
                    Answer = answer,
                    Times = new TransferTimes { ComputeMicros = int.MaxValue, QueueMicros = int.MaxValue, SpanMicros = int.MaxValue },
                }.Write, System.Runtime.InteropServices.MemoryMarshal.AsBytes(logits.AsSpan())));
            }
        });
        using TailClient client = Client(tail.Port);
        for (int i = 0; i < 5; i++)
        {
            var task = new Task(i);
            TailReply reply = task.SendAndWait(client, 20_000);
            task.AssertAnswered(reply);
            Assert.InRange(reply.TailMs + reply.QueueMs, 0, reply.TotalMs + 1);
            // NaN until the first ping has come back.
            Assert.False(client.Snapshot().RttMs is < 0 or > 20_000);
        }
        Assert.True(SpinWait.SpinUntil(() => client.Snapshot().RttMs is >= 0 and <= 20_000, s_patience), $"{client.Snapshot().RttMs}");
    }

    [Fact]
    public void IdleLink_IsPingedAndProbed()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { LoadFactor = () => 3 });
        using TailClient client = Client(server.EndPoint.Port);
        Assert.True(SpinWait.SpinUntil(() => client.Snapshot() is { RttMs: > 0, RateBitsPerSecond: > 1e6, TailFactor: 3 }, s_patience));
        Assert.InRange(client.BytesSent, 8192, long.MaxValue);
        Assert.True(client.Snapshot().Up);
    }

    [Fact]
    public void Probe_ThatStalls_TakesTheLinkDownUntilItComesBack()
    {
        using var answerNow = new SemaphoreSlim(0);
        using var tail = new RawTail(session =>
        {
            session.SayHello();
            while (session.Input.ReadHead(s_patience, s_patience))
            {
                ulong sequence = PingHeader.Read(session.Input.Header).Sequence;
                session.Input.SkipPayload(s_patience);
                answerNow.Wait(s_patience);
                session.Send(Frames.Make(FrameKind.Pong, new PingHeader { Sequence = sequence }.Write));
            }
        });
        using var client = new TailClient(
            Options(tail.Port) with { PingInterval = TimeSpan.FromMilliseconds(5), ProbeTimeout = TimeSpan.FromMilliseconds(20) },
            FakeTail.Model("sha256:fake"));
        Assert.True(SpinWait.SpinUntil(() => !client.IsUp && client.BytesSent > 0, s_patience));
        answerNow.Release(1000);
        Assert.True(client.WaitUntilUp(s_patience));
    }

    internal static TailClientOptions Options(int port) => new() { Host = "127.0.0.1", Port = port };

    internal static TailClient Client(int port, ProtocolLimits? limits = null, Func<TailClientOptions, TailClientOptions>? change = null)
    {
        TailClientOptions options = Options(port) with { Limits = limits ?? new ProtocolLimits() };
        var client = new TailClient(change?.Invoke(options) ?? options, FakeTail.Model("sha256:fake"));
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        return client;
    }

    /// <summary>One request with the payload that a seed makes.</summary>
    internal sealed class Task
    {
        readonly SendBuffer _buffer;
        readonly int _cut;
        readonly TensorEncoding _encoding;

        public Task(int seed, int cut = 1, TensorEncoding encoding = TensorEncoding.Float32)
        {
            (_cut, _encoding) = (cut, encoding);
            Payload = Frames.Payload(seed, PayloadSize.Of(FakeTail.Model("sha256:fake"), cut, encoding));
            _buffer = new SendBuffer(Payload.Length);
            Payload.CopyTo(_buffer.Payload);
        }

        public byte[] Payload { get; }

        public float[] Logits { get; } = new float[FakeTail.Classes];

        TailRequest Request(double deadlineMs) => new()
        {
            Policy = new ExitPolicy([0.5f], _cut),
            Encoding = _encoding,
            Payload = _buffer.Address,
            PayloadBytes = Payload.Length,
            DeadlineMs = deadlineMs,
        };

        public TailReply SendAndWait(ITail client, double deadlineMs) => client.SendAndWait(Request(deadlineMs), Logits);

        internal PendingReply Send(ITail client, double deadlineMs) => client.Send(Request(deadlineMs));

        internal TailReply Wait(ITail client, in PendingReply pending) => client.Wait(pending, Logits);

        public ValueTask<TailReply> SendAsync(ITail client, double deadlineMs, CancellationToken cancellation = default) =>
            client.SendAsync(Request(deadlineMs), Logits, cancellation);

        public void AssertAnswered(in TailReply reply)
        {
            Assert.Equal(TailOutcome.Answered, reply.Outcome);
            float[] expected = new float[FakeTail.Classes];
            Assert.Equal(FakeTail.Expected(Payload, _cut, expected), reply.Answer);
            Assert.Equal(expected, Logits);
        }
    }
}
