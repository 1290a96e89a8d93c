using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Requests;
using EdgeML.Server.Tests.Connections;
using EdgeML.Server.Tests.Rollout;

namespace EdgeML.Server.Tests;

/// <summary>Several models in one server, and models that come and go while it serves.</summary>
public class ModelChangeTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    static FakeTail Model(string hash) => new() { Manifest = FakeTail.Model(hash) };

    static Peer Greet(TailServer server, string hash, bool understands = false)
    {
        var peer = new Peer(server.EndPoint);
        peer.Send(Frames.Make(FrameKind.Hello, new HelloHeader(hash, 14, Understands: understands ? HelloHeader.UnderstandsGoAway : 0).Write));
        return peer;
    }

    static Peer Join(TailServer server, string hash, bool understands = false)
    {
        Peer peer = Greet(server, hash, understands);
        Assert.Equal(FrameKind.HelloAck, peer.Read().Kind);
        return peer;
    }

    [Fact]
    public void Clients_OfSeveralModels_GetTheirOwn()
    {
        FakeTail a = Model("sha256:a"), b = Model("sha256:b");
        int ofA = 0, ofB = 0;
        a.Running = _ => Interlocked.Increment(ref ofA);
        b.Running = _ => Interlocked.Increment(ref ofB);
        using var server = new TailServer(new TailServerOptions());
        server.Add(a, "one");
        server.Add(b, "two");
        Assert.Equal([a, b], server.Models);
        using Peer first = Join(server, "sha256:a"), second = Join(server, "sha256:b"), third = Greet(server, "sha256:c");
        for (ulong i = 1; i <= 10; i++) first.Ask(i);
        for (ulong i = 1; i <= 20; i++) second.Ask(i);
        Assert.Equal((10, 20), (ofA, ofB));
        ErrorHeader refusal = third.ReadError();
        Assert.Equal((ErrorCode.Model, "client holds model sha256:c, the tail holds sha256:a, sha256:b"), (refusal.Code, refusal.Text));
    }

    [Fact]
    public void Add_OfAModelThatIsServed_IsRefused()
    {
        using var server = new TailServer(Model("sha256:a"), new TailServerOptions());
        var error = Assert.Throws<ArgumentException>(() => server.Add(Model("sha256:a")));
        Assert.Equal("model fake (sha256:a) is served already", error.Message);
        Assert.Throws<ArgumentException>(() => { _ = server.RemoveAsync(Model("sha256:a")); });
        Assert.Single(server.Models);
    }

    [Fact]
    public void Add_WarmsUpBeforeClientsGetTheModel()
    {
        FakeTail late = Model("sha256:b");
        using var server = new TailServer(Model("sha256:a"), new TailServerOptions { WarmUp = true });
        late.Running = _ =>
        {
            using Peer early = Greet(server, "sha256:b");
            Assert.Equal(ErrorCode.Model, early.ReadError().Code);
        };
        server.Add(late);
        late.Running = null;
        using Peer peer = Join(server, "sha256:b");
        peer.Ask(1);
        Assert.Equal(1, late.Slots);
    }

    [Fact]
    public async Task Remove_WithAClientThatUnderstands_WaitsUntilItHasLeft()
    {
        FakeTail model = Model("sha256:a");
        using var server = new TailServer(model, new TailServerOptions { DrainLimit = s_patience });
        using var peer = Join(server, "sha256:a", understands: true);
        peer.Ask(1);
        Task removed = server.RemoveAsync(model);
        (FrameKind kind, byte[] header, _) = peer.Read();
        Assert.Equal((FrameKind.GoAway, "this version of the model is not served any more"), (kind, GoAwayHeader.Read(header).Text));
        // It was on the way when the frame came.
        peer.Ask(2);
        using Peer late = Greet(server, "sha256:a");
        Assert.Equal(ErrorCode.Model, late.ReadError().Code);
        Assert.False(removed.IsCompleted);
        Assert.Equal(0, model.Disposed);
        peer.Dispose();
        await removed.WaitAsync(s_patience);
        Assert.Equal((1, 1), (model.Slots, model.Disposed));
    }

    [Fact]
    public async Task Remove_WithAnOlderClient_AnswersItsRequestsAndEndsTheConnection()
    {
        using ManualResetEventSlim running = new(), release = new();
        FakeTail model = Model("sha256:a");
        using var server = new TailServer(model, new TailServerOptions { DrainLimit = s_patience });
        using Peer peer = Join(server, "sha256:a");
        model.Running = _ =>
        {
            running.Set();
            Assert.True(release.Wait(s_patience));
        };
        peer.Send(Frames.Request(1, Frames.Payload(1), deadlineMs: 20_000));
        Assert.True(running.Wait(s_patience));
        Task removed = server.RemoveAsync(model);
        Assert.False(removed.IsCompleted);
        release.Set();
        Assert.Equal(FrameKind.Reply, peer.Read().Kind);
        Assert.Throws<EndOfStreamException>(() => peer.Read());
        await removed.WaitAsync(s_patience);
        Assert.Equal((1, 1), (model.Slots, model.Disposed));
    }

    [Fact]
    public async Task Remove_WithAClientThatStays_CutsItAfterTheDrainLimit()
    {
        FakeTail model = Model("sha256:a");
        using var server = new TailServer(model, new TailServerOptions { DrainLimit = TimeSpan.FromMilliseconds(50) });
        using Peer peer = Join(server, "sha256:a", understands: true);
        await server.RemoveAsync(model).WaitAsync(s_patience);
        peer.ReadToEnd();
        Assert.Empty(server.Models);
    }

    [Fact]
    public async Task Replace_BySameIdentity_GivesNextClientsTheNewOne()
    {
        FakeTail old = Model("sha256:a"), replacement = Model("sha256:a");
        using var server = new TailServer(old, new TailServerOptions());
        using Peer before = Join(server, "sha256:a");
        before.Ask(1);
        Task replaced = server.ReplaceAsync(old, replacement);
        using Peer after = Join(server, "sha256:a");
        after.Ask(2);
        await replaced.WaitAsync(s_patience);
        Assert.Equal((1, 1, 1, 0), (old.Slots, old.Disposed, replacement.Slots, replacement.Disposed));
        Assert.Equal([replacement], server.Models);
    }

    /// <summary>Clients come and go while versions do; the seed draws when.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Replace_AgainAndAgainUnderLoad_LosesNoAnswer(int seed)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        FakeTail current = Model("sha256:a");
        using var server = new TailServer(current, new TailServerOptions { DrainLimit = s_patience });
        bool stop = false;
        Task[] clients = [.. Enumerable.Range(0, 4).Select(number => Task.Run(() =>
        {
            for (ulong id = 1; !Volatile.Read(ref stop);)
            {
                using Peer peer = Join(server, "sha256:a", understands: true);
                while (!Volatile.Read(ref stop))
                {
                    peer.Send(Frames.Request(id, Frames.Payload((int)id), deadlineMs: 20_000));
                    FrameKind kind = peer.Read().Kind;
                    bool leaves = kind == FrameKind.GoAway;
                    if (leaves) kind = peer.Read().Kind;
                    Assert.Equal(FrameKind.Reply, kind);
                    id++;
                    if (leaves) break;
                }
            }
        }))];
        for (int i = 0; i < 20; i++)
        {
            FakeTail next = Model("sha256:a");
            for (int yields = random.Next(50); yields > 0; yields--) await Task.Yield();
            await server.ReplaceAsync(current, next).WaitAsync(s_patience);
            Assert.Equal(current.Slots, current.Disposed);
            current = next;
        }
        Volatile.Write(ref stop, true);
        // One that waits in a read has its answer on the way.
        await Task.WhenAll(clients).WaitAsync(s_patience);
    }

    [Fact]
    public async Task Stop_TellsClientsThatUnderstand()
    {
        var server = new TailServer(Model("sha256:a"), new TailServerOptions { DrainLimit = s_patience });
        using var peer = Join(server, "sha256:a", understands: true);
        Task stopped = server.DisposeAsync().AsTask();
        (FrameKind kind, byte[] header, _) = peer.Read();
        Assert.Equal((FrameKind.GoAway, "the tail stops"), (kind, GoAwayHeader.Read(header).Text));
        peer.Ask(1);
        Assert.False(stopped.IsCompleted);
        peer.Dispose();
        await stopped.WaitAsync(s_patience);
    }

    [Fact]
    public void PayloadMemory_IdleAtOneModel_IsThereForAnother()
    {
        using var server = new TailServer(new TailServerOptions { MaxPayloadMemory = 128 });
        server.Add(Model("sha256:a"), "one");
        server.Add(Model("sha256:b"), "two");
        using Peer first = Join(server, "sha256:a"), second = Join(server, "sha256:b");
        for (ulong i = 1; i <= 6; i++)
        {
            (i % 2 == 0 ? first : second).Ask(i);
            // A buffer is given back a moment after its answer was sent.
            Assert.True(SpinWait.SpinUntil(() => server.GetStatus().Devices.Sum(each => each.Requests) == (long)i, s_patience));
            Assert.Equal(128, server.GetStatus().PayloadMemory);
        }
    }

    [Fact]
    public void Identities_Changed_HoldForThoseConnectedToo()
    {
        var open = new Dictionary<string, IdentityRule> { ["*"] = new() };
        using var server = new TailServer(new TailServerOptions { Identities = open });
        server.Add(Model("sha256:a"), "one");
        using Peer peer = Join(server, "sha256:a");
        peer.Ask(1);
        server.SetIdentities(new Dictionary<string, IdentityRule> { ["*"] = new() { Models = ["one"] } });
        peer.Ask(2);
        server.SetIdentities(new Dictionary<string, IdentityRule> { ["*"] = new() { Models = ["two"] } });
        ErrorHeader refusal = peer.ReadError();
        Assert.Equal((ErrorCode.Forbidden, "identity none may not use model one"), (refusal.Code, refusal.Text));
        using Peer next = Greet(server, "sha256:a");
        Assert.Equal(ErrorCode.Forbidden, next.ReadError().Code);
    }

    [Fact]
    public void Identities_ChangedWhileAClientSaysHello_HoldForItToo()
    {
        TailServer? server = null;
        var log = new LineLog { Writing = () => server?.SetIdentities(new Dictionary<string, IdentityRule> { ["a"] = new() }) };
        using (server = new TailServer(
            Model("sha256:a"), new TailServerOptions { Identities = new Dictionary<string, IdentityRule> { ["*"] = new() }, Logger = log }))
        {
            // The line of its connection is written after its rights were looked up.
            using Peer peer = Join(server, "sha256:a");
            ErrorHeader refusal = peer.ReadError();
            Assert.Equal((ErrorCode.Forbidden, "identity none is not on the list of this server"), (refusal.Code, refusal.Text));
        }
    }

    [Fact]
    public void Identities_ChangedBeforeHello_HoldForTheConnectionToo()
    {
        var rules = new AccessRules(new Dictionary<string, IdentityRule> { ["a"] = new(), ["*"] = new() { Models = ["one"] } });
        AccessRules.Client a = rules.Find("a", out _)!, none = rules.Find(null, out _)!;
        rules.Set(new Dictionary<string, IdentityRule> { ["b"] = new(), ["*"] = new() { Models = ["two"] } });
        Assert.Null(rules.Refresh(a, "a"));
        Assert.Null(rules.Refresh(none, null));
        Assert.Equal((false, true, false, true), (a.MayUse("one"), a.MayUse("two"), none.MayUse("one"), none.MayUse("two")));
        rules.Set(new Dictionary<string, IdentityRule> { ["b"] = new() });
        Assert.Equal("identity a is not on the list of this server", rules.Refresh(a, "a"));
        Assert.Equal("identity none is not on the list of this server", rules.Refresh(none, null));
    }
}
