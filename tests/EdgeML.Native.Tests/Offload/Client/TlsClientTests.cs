using System.Collections.Concurrent;
using System.Net;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Telemetry;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;
using Task = System.Threading.Tasks.Task;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>The client over TLS 1.3: the same answers, and one clear reason where one side does not trust the other.</summary>
public sealed class TlsClientTests : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    readonly TestCertificates _authority = new();

    public void Dispose() => _authority.Dispose();

    static TailClient Client(TailServer server, TailTlsOptions tls) => new(
        TailClientTests.Options(server.EndPoint.Port) with { Tls = tls }, FakeTail.Model("sha256:fake"));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tasks_OfEverySizeAndWay_AreAnsweredRight(bool mutual)
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Tls = _authority.Tail(mutual), ComputeThreads = 2 });
        using TailClient client = Client(server, _authority.Device(mutual ? _authority.Issue("device-1") : null));
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        for (int i = 0; i < 60; i++)
        {
            // 64 KB at cut 2: more than a record.
            var task = new TailClientTests.Task(i, i % 3, TensorEncoding.Float32);
            task.AssertAnswered(task.SendAndWait(client, 20_000));
        }
        for (int round = 0; round < 20; round++)
        {
            TailClientTests.Task[] tasks = [.. Enumerable.Range(0, 16).Select(i => new TailClientTests.Task((round * 100) + i, i % 3))];
            ValueTask<TailReply>[] replies = [.. tasks.Select(task => task.SendAsync(client, 20_000))];
            for (int i = 0; i < tasks.Length; i++) tasks[i].AssertAnswered(await replies[i]);
        }
        Assert.Null(client.LastFault);
        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData("expired tail")]
    [InlineData("foreign tail")]
    [InlineData("tail of another name")]
    [InlineData("expired device")]
    [InlineData("foreign device")]
    [InlineData("no device certificate")]
    [InlineData("unknown identity")]
    public void Certificate_ThatIsNotTrusted_IsOneReason(string what)
    {
        using var other = new TestCertificates();
        var server = new TailServer(new FakeTail(), new TailServerOptions
        {
            Tls = what == "foreign tail" ? other.Tail(mutual: false) : _authority.Tail(expired: what == "expired tail"),
            Identities = new Dictionary<string, IdentityRule> { ["device-1"] = new() },
        });
        using TailServer served = server;
        TailTlsOptions device = _authority.Device(what switch
        {
            "expired device" => _authority.Issue("device-1", expired: true),
            "foreign device" => other.Issue("device-1"),
            "no device certificate" => null,
            "unknown identity" => _authority.Issue("device-2"),
            _ => _authority.Issue("device-1"),
        });
        if (what == "tail of another name") device = device with { ServerName = "another.test" };
        using TailClient client = Client(server, device);
        Assert.True(SpinWait.SpinUntil(() => client.LastFault is not null, s_patience));
        Assert.Equal((TailState.Down, FallbackReason.NotTrusted), (client.Status.State, client.Status.Reason));
        Assert.DoesNotContain('\n', client.LastFault!);
        Assert.Contains(
            what switch
            {
                "unknown identity" => "identity device-2",
                "expired tail" or "expired device" => "expired at",
                "no device certificate" => "has no certificate",
                "tail of another name" => "is not for another.test",
                _ => "by another authority",
            }, client.LastFault, StringComparison.Ordinal);
        TailReply reply = new TailClientTests.Task(1).SendAndWait(client, 100);
        Assert.Equal((TailOutcome.NotSent, FallbackReason.NotTrusted), (reply.Outcome, reply.Reason));
    }

    [Fact]
    public void Tail_WithoutTls_IsNoTail()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using TailClient client = Client(server, _authority.Device());
        Assert.True(SpinWait.SpinUntil(() => client.LastFault is not null, s_patience));
        Assert.False(client.IsUp);
        Assert.Contains("TLS handshake", client.LastFault, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_ThatCannotBeUsed_AreRefusedAtOnce()
    {
        (string certificate, string key) = _authority.Issue("device-1");
        (_, string otherKey) = _authority.Issue("device-1");
        Refused("go together", _authority.Device() with { CertificatePath = certificate });
        Refused(otherKey, _authority.Device((certificate, otherKey)));
        Refused("nowhere.pem", _authority.Device((certificate, key)) with { CaPath = "nowhere.pem" });
        Refused(key, _authority.Device() with { CaPath = key });

        static void Refused(string text, TailTlsOptions tls)
        {
            ArgumentException error = Assert.ThrowsAny<ArgumentException>(
                () => new TailClient(TailClientTests.Options(1) with { Tls = tls }, FakeTail.Model("sha256:fake")));
            Assert.Contains(text, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    [Fact]
    public void Files_HalfWritten_LeaveTheLastOnesInForceWithOneLine()
    {
        (string certificate, string key) = _authority.Issue("device-1");
        var lines = new Lines();
        TailServer first = new(new FakeTail(), new TailServerOptions { Tls = _authority.Tail() });
        var options = TailClientTests.Options(first.EndPoint.Port) with { Tls = _authority.Device((certificate, key)), Logger = lines };
        using var client = new TailClient(options, FakeTail.Model("sha256:fake"));
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        string whole = File.ReadAllText(key);
        File.WriteAllText(key, whole[..(whole.Length / 2)]);
        for (int round = 0; round < 3; round++)
        {
            IPEndPoint place = first.EndPoint;
            first.Dispose();
            Assert.True(SpinWait.SpinUntil(() => !client.IsUp, s_patience));
            first = new TailServer(new FakeTail(), new TailServerOptions { Tls = _authority.Tail(), EndPoint = place });
            Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
            var task = new TailClientTests.Task(round);
            task.AssertAnswered(task.SendAndWait(client, 20_000));
        }
        first.Dispose();
        Assert.Contains(key, Assert.Single(lines.All, line => line.Contains("keeps its certificates", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Tail_ThatTakesNoBytes_DoesNotBlockTheSender()
    {
        using var held = new ManualResetEventSlim();
        using var server = new TailServer(
            new FakeTail { Running = _ => held.Wait(s_patience) }, new TailServerOptions { Tls = _authority.Tail(mutual: false) });
        using TailClient client = Client(server, _authority.Device());
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        TailClientTests.Task[] tasks = [.. Enumerable.Range(0, 16).Select(i => new TailClientTests.Task(i, 2, TensorEncoding.Float32))];
        ValueTask<TailReply>[] replies = [.. tasks.Select(task => task.SendAsync(client, 20_000))];
        held.Set();
        for (int i = 0; i < tasks.Length; i++) tasks[i].AssertAnswered(await replies[i]);
    }

    sealed class Lines : ILogger
    {
        readonly ConcurrentQueue<string> _all = [];

        public IEnumerable<string> All => _all;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _all.Enqueue(formatter(state, exception));
    }
}
