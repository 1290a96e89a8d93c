using System.Net;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>A tail server that a test kills at a moment of its choice, also in the middle of a request, and starts again on the same
/// port.</summary>
sealed class KilledTail : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly WatchedExecutor _executor;
    Action? _whileComputing;
    TailServer? _server;
    Thread? _killer;

    public KilledTail(ITailExecutor executor)
    {
        _executor = new WatchedExecutor(executor, _ => Interlocked.Exchange(ref _whileComputing, null)?.Invoke());
        _server = Start(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint = _server.EndPoint;
    }

    public IPEndPoint EndPoint { get; }

    public int Port => EndPoint.Port;

    public bool IsKilled => Volatile.Read(ref _server) is null;

    /// <summary>Kills it now; returns when nothing of it is left.</summary>
    public void Kill()
    {
        _server?.Dispose();
        _server = null;
    }

    /// <summary>Kills it while it computes the next request, whose answer is not made before <paramref name="missed"/>.</summary>
    public void KillWhileItComputes(Func<bool> missed) => Volatile.Write(ref _whileComputing, () =>
    {
        TailServer server = _server!;
        _server = null;
        // Ending a server waits for what it computes, which is this thread.
        _killer = new Thread(server.Dispose);
        _killer.Start();
        Assert.True(SpinWait.SpinUntil(missed, s_patience), "the client never missed the tail");
    });

    public void Restart()
    {
        _killer?.Join();
        _killer = null;
        _server = Start(EndPoint);
    }

    public void Dispose()
    {
        _killer?.Join();
        Kill();
    }

    TailServer Start(IPEndPoint endPoint) =>
        new(_executor, new TailServerOptions { EndPoint = endPoint, DrainLimit = TimeSpan.Zero });
}
