using System.Net;
using System.Net.Sockets;
using System.Text;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Every way in which a tail is not used has its own reason, for the session and for each task.</summary>
public sealed class FallbackReasonTests
{
    static EdgeSessionOptions Options(LoadedGraph loaded, string host, int port) => new()
    {
        Tail = ModelTail.To(port) with { Host = host },
        ConnectWait = TimeSpan.Zero,
        DeadlineMs = 20_000,
        Policy = loaded.Policy(0f, 1),
    };

    /// <summary>Runs a task after the first attempt to connect has ended.</summary>
    static void AssertReason(FallbackReason expected, string text, LoadedGraph loaded, EdgeSessionOptions options)
    {
        using var session = new EdgeSession(loaded.Model, options);
        Assert.True(SpinWait.SpinUntil(() => session.TailStatus.Fault is not null, ModelTail.Patience), "no attempt has ended");
        TaskResult result = session.Run(loaded.Input(1));
        Assert.True(result.Fallback);
        Assert.Equal(expected, result.FallbackReason);
        Assert.Equal("fallback", result.Where);
        Assert.Equal((TailState.Down, expected), (session.TailStatus.State, session.TailStatus.Reason));
        Assert.Contains(text, session.TailStatus.ToString(), StringComparison.Ordinal);
        var required = Assert.Throws<TailUnavailableException>(() => new EdgeSession(loaded.Model, options with { RequireTail = true }));
        Assert.Contains(text, required.Message, StringComparison.Ordinal);
        Assert.Equal(expected, required.Status.Reason);
    }

    [Fact]
    public void OtherModelBehindTheTail_IsSaidOnBothSidesWithBothHashes()
    {
        using var loaded = new LoadedGraph("chain");
        using var other = new LoadedGraph("residual");
        var log = new Warnings();
        using var server = new TailServer(new ModelTailExecutor(other.Model), new TailServerOptions { Logger = log });
        EdgeSessionOptions options = Options(loaded, "127.0.0.1", server.EndPoint.Port);
        AssertReason(FallbackReason.OtherModel, other.Manifest.Hash, loaded, options);
        AssertReason(FallbackReason.OtherModel, loaded.Manifest.Hash, loaded, options);
        Assert.True(SpinWait.SpinUntil(() => log.Lines.Length > 0, ModelTail.Patience), "the tail said nothing");
        // A client that comes again for the same reason is one warning.
        string line = Assert.Single(log.Lines);
        Assert.Contains("127.0.0.1:", line, StringComparison.Ordinal);
        Assert.Contains(loaded.Manifest.Hash, line, StringComparison.Ordinal);
        Assert.Contains(other.Manifest.Hash, line, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownHost_IsSaid()
    {
        using var loaded = new LoadedGraph("chain");
        AssertReason(FallbackReason.UnknownHost, "no.such.host.invalid", loaded, Options(loaded, "no.such.host.invalid", 7410));
    }

    [Fact]
    public void NothingListens_IsSaid()
    {
        using var loaded = new LoadedGraph("chain");
        int port = ModelTail.Nowhere(loaded.Model);
        AssertReason(FallbackReason.ConnectionRefused, $"127.0.0.1:{port}", loaded, Options(loaded, "127.0.0.1", port));
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")]
    [InlineData("")]
    public void AnotherServerListens_IsNoTail(string greeting)
    {
        using var loaded = new LoadedGraph("chain");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    using TcpClient client = listener.AcceptTcpClient();
                    client.GetStream().Write(Encoding.ASCII.GetBytes(greeting));
                    client.Client.Shutdown(SocketShutdown.Send);
                    while (client.GetStream().Read(new byte[4096]) > 0)
                    {
                    }
                }
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
            {
                // The test is over, or the client has left.
            }
        })
        { IsBackground = true };
        server.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        AssertReason(FallbackReason.NoTail, $"no tail answers at 127.0.0.1:{port}", loaded, Options(loaded, "127.0.0.1", port));
    }

    [Fact]
    public void FullTail_IsUnavailable()
    {
        using var loaded = new LoadedGraph("chain");
        var limits = new ProtocolLimits { MaxConnections = 1 };
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions { Limits = limits });
        EdgeSessionOptions options = Options(loaded, "127.0.0.1", server.EndPoint.Port);
        using var first = new EdgeSession(loaded.Model, options with { ConnectWait = ModelTail.Patience });
        Assert.Equal(TailState.Up, first.TailStatus.State);
        AssertReason(FallbackReason.Unavailable, "the limit", loaded, options);
    }

    [Fact]
    public void LateTail_IsLate_AndTheNextTaskFindsTheLinkStalled()
    {
        using var loaded = new LoadedGraph("chain");
        using RawTail tail = ModelTail.Silent(loaded.Model);
        using var session = new EdgeSession(
            loaded.Model, Options(loaded, "127.0.0.1", tail.Port) with { ConnectWait = ModelTail.Patience, DeadlineMs = 5 });
        Assert.Equal(FallbackReason.Late, session.Run(loaded.Input(1)).FallbackReason);
        Assert.Equal(FallbackReason.Stalled, session.Run(loaded.Input(1)).FallbackReason);
        Assert.Equal(TailState.Stalled, session.TailStatus.State);
    }

    [Fact]
    public void TailThatLeaves_IsDown()
    {
        using var loaded = new LoadedGraph("chain");
        using RawTail tail = ModelTail.Listen(loaded.Model, tail => tail.Next());
        using var session = new EdgeSession(
            loaded.Model, Options(loaded, "127.0.0.1", tail.Port) with { ConnectWait = ModelTail.Patience });
        TaskResult result = session.Run(loaded.Input(1));
        Assert.Equal((true, FallbackReason.Down), (result.Fallback, result.FallbackReason));
    }

    [Fact]
    public async Task TailWithoutRoom_IsBusyAndLogsIt()
    {
        using var loaded = new LoadedGraph("chain");
        var log = new Warnings();
        using var release = new ManualResetEventSlim();
        using var server = new TailServer(
            new HeldExecutor(new ModelTailExecutor(loaded.Model), release), new TailServerOptions { MaxRequests = 1, Logger = log });
        using var session = new EdgeSession(
            loaded.Model, Options(loaded, "127.0.0.1", server.EndPoint.Port) with
            {
                ConnectWait = ModelTail.Patience,
                InFlight = 2,
                DeadlineMs = 600_000,
            });
        var first = session.RunAsync(loaded.Input(1)).AsTask();
        var second = session.RunAsync(loaded.Input(2)).AsTask();
        Task<TaskResult> refused = await Task.WhenAny(first, second);
        Assert.Equal(FallbackReason.Busy, (await refused).FallbackReason);
        release.Set();
        Assert.True((await (refused == first ? second : first)).Offloaded);
        Assert.Contains("Busy", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void AnsweredAndLocalTasks_HaveNoReason()
    {
        using var loaded = new LoadedGraph("chain");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(
            loaded.Model,
            Options(loaded, "127.0.0.1", server.EndPoint.Port) with { ConnectWait = ModelTail.Patience, RequireTail = true });
        TaskResult sent = session.Run(loaded.Input(1));
        Assert.Equal(("tail", FallbackReason.None), (sent.Where, sent.FallbackReason));
        session.Policy = loaded.Policy(0f, loaded.Manifest.LocalCut);
        TaskResult local = session.Run(loaded.Input(1));
        Assert.Equal(("edge", FallbackReason.None), (local.Where, local.FallbackReason));
        Assert.Contains("class", local.ToString(), StringComparison.Ordinal);
        using var alone = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, 1) });
        Assert.Equal(FallbackReason.None, alone.Run(loaded.Input(1)).FallbackReason);
        Assert.Equal(TailStatus.None, alone.TailStatus);
    }

    /// <summary>Computes only once it is released.</summary>
    sealed class HeldExecutor(ModelTailExecutor inner, ManualResetEventSlim release) : ITailExecutor
    {
        public ModelManifest Manifest => inner.Manifest;

        public DeviceProfile Profile => inner.Profile;

        public BottleneckSet Bottlenecks => inner.Bottlenecks;

        public ITailPayload CreatePayload(int bytes) => inner.CreatePayload(bytes);

        public ITailSlot CreateSlot() => new HeldSlot(inner.CreateSlot(), release);
    }

    sealed class HeldSlot(ITailSlot inner, ManualResetEventSlim release) : ITailSlot
    {
        public void Run(ReadOnlySpan<TailRow> rows)
        {
            release.Wait(ModelTail.Patience);
            inner.Run(rows);
        }

        public void Dispose() => inner.Dispose();
    }

    sealed class Warnings : ILogger
    {
        readonly List<string> _lines = [];

        public string[] Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            lock (_lines) _lines.Add(formatter(state, exception));
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }
}
