using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeML.Native.Offload.Server;

/// <summary>Serves a model's tail over TCP: listens, receives cut tensors straight into the model's buffers, answers by task id.</summary>
/// <remarks>One thread accepts, one per connection receives, a fixed number computes. All methods may be called from any thread.</remarks>
public sealed class TailServer : IDisposable, IAsyncDisposable
{
    readonly TailServerOptions _options;
    readonly ILogger _logger;
    readonly TailWorkers _workers;
    readonly Socket _listener;
    readonly Thread _acceptor;
    readonly Dictionary<TailConnection, Thread> _connections = [];
    readonly Dictionary<string, long> _refusals = [];
    bool _stopping;

    const int RepeatMs = 60_000, MostRefusals = 256;

    /// <summary>Listens at once.</summary>
    /// <param name="executor">The model; not disposed by the server, its slots are.</param>
    /// <param name="options">Address and limits.</param>
    /// <exception cref="SocketException">The address is not free or not of this machine.</exception>
    public TailServer(ITailExecutor executor, TailServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        _logger = options.Logger ?? NullLogger.Instance;
        _listener = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(options.EndPoint);
            _listener.Listen(128);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _workers = new TailWorkers(executor, options, Faults);
        _acceptor = new Thread(Accept) { IsBackground = true, Name = "edgeml tail accept" };
        _acceptor.Start();
    }

    /// <summary>Where the server listens, with the real port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Clients connected now.</summary>
    public int Connections
    {
        get
        {
            lock (_connections) return _connections.Count;
        }
    }

    /// <summary>Stops: no new connections, no new requests, waits up to the drain limit for those on the tail, then cuts what is
    /// left. Blocks until then; a second call returns at once.</summary>
    public void Dispose()
    {
        lock (_connections)
        {
            if (_stopping) return;
            _stopping = true;
        }
        _listener.Dispose();
        _acceptor.Join();
        ForEach(connection => connection.Finish());
        long end = Environment.TickCount64 + (long)_options.DrainLimit.TotalMilliseconds;
        lock (_connections)
        {
            while (_connections.Count > 0 && Environment.TickCount64 < end)
                Monitor.Wait(_connections, (int)Math.Max(1, end - Environment.TickCount64));
        }
        ForEach(connection => connection.Abort());
        lock (_connections)
        {
            while (_connections.Count > 0) Monitor.Wait(_connections);
        }
        _workers.Dispose();
    }

    /// <summary>The same without blocking the caller, for <c>await using</c> in a service.</summary>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    void ForEach(Action<TailConnection> action)
    {
        TailConnection[] all;
        lock (_connections) all = [.. _connections.Keys];
        foreach (TailConnection connection in all) action(connection);
    }

    /// <summary>Exceptions on the server's threads that are no fault of a client; each ended at most one connection.</summary>
    internal BackgroundFaults Faults { get; } = new();

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Accept()
    {
        while (true)
        {
            try
            {
                Socket socket = _listener.Accept();
                Admit(new SocketTransport(socket), socket.RemoteEndPoint);
            }
            catch (Exception e)
            {
                lock (_connections)
                {
                    if (_stopping) return;
                }
                // A client that gave up while it waited, or a lack of descriptors, memory or threads: none of them ends the server.
                if (e is not (SocketException or ObjectDisposedException)) Faults.Add("tail accept", "a connection was refused", e);
                Log(() => _logger.LogWarning("tail cannot accept: {Error}", e.Message));
                Thread.Sleep(10);
            }
        }
    }

    /// <summary>Writes a line for the user, whose logger may throw.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "a logger that throws must not end the thread")]
    void Log(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            Faults.Add("tail", "a line was not logged", e);
        }
    }

    void Admit(SocketTransport transport, EndPoint? client)
    {
        var connection = new TailConnection(
            transport, _workers, _options.Limits,
            reason => Log(() => _logger.LogWarning("tail refused a request of {Client}: {Reason}", client, reason)));
        string? refusal = null;
        lock (_connections)
        {
            if (_stopping) refusal = "tail is shutting down";
            else if (_connections.Count >= _options.Limits.MaxConnections)
                refusal = $"tail serves {_connections.Count} connections, the limit";
            else
            {
                var thread = new Thread(() => Serve(connection, client)) { IsBackground = true, Name = "edgeml tail receive" };
                _connections.Add(connection, thread);
                try
                {
                    thread.Start();
                }
                catch
                {
                    // It must not be waited for at the end.
                    _connections.Remove(connection);
                    connection.Dispose();
                    throw;
                }
                return;
            }
        }
        Refused(client, refusal);
        connection.TurnAway(refusal);
        connection.Dispose();
    }

    /// <summary>A client that is refused comes again and again: the same host for the same reason is a warning once a minute.</summary>
    void Refused(EndPoint? client, string? reason)
    {
        string who = $"{(client as IPEndPoint)?.Address} {reason}";
        long now = Environment.TickCount64;
        bool isNew;
        lock (_refusals)
        {
            isNew = !_refusals.TryGetValue(who, out long last) || now - last >= RepeatMs;
            if (_refusals.Count >= MostRefusals) _refusals.Clear();
            if (isNew) _refusals[who] = now;
        }
        Log(() =>
        {
            if (isNew) _logger.LogWarning("tail refused {Client}: {Reason}", client, reason);
            else _logger.LogInformation("tail refused {Client} again: {Reason}", client, reason);
        });
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Serve(TailConnection connection, EndPoint? client)
    {
        try
        {
            Log(() => _logger.LogInformation("tail connected to {Client}", client));
            connection.Run(_options.DrainLimit);
        }
        catch (Exception e)
        {
            Faults.Add("tail connection", $"the connection to {client} was ended", e);
        }
        connection.Dispose();
        if (connection.IsRefused) Refused(client, connection.Fault);
        else Log(() => _logger.LogInformation("tail disconnected from {Client}: {Fault}", client, connection.Fault ?? "ended"));
        if (connection.RefusedRequests > 1)
            Log(() => _logger.LogWarning("tail refused {Count} requests of {Client} in all", connection.RefusedRequests, client));
        lock (_connections)
        {
            _connections.Remove(connection);
            Monitor.PulseAll(_connections);
        }
    }

    /// <summary>Address and connections.</summary>
    public override string ToString() => $"{EndPoint}, {Connections} connections";
}
