using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;
using EdgeML.Server.Requests;
using EdgeML.Server.Status;
using EdgeML.Server.Transport;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeML.Server;

/// <summary>Finishes the networks of edge devices over TCP: receives cut tensors into pinned memory, computes fairly between devices,
/// answers by task id.</summary>
/// <remarks>Connections have no separate threads, however many there are; a fixed number of threads computes, and a few may block for
/// clients that wait for each answer. All methods may be called from any thread.</remarks>
public sealed partial class TailServer : IDisposable, IAsyncDisposable
{
    /// <summary>Name of the meter of every server in a process, for any OpenTelemetry or dotnet-counters listener.</summary>
    public const string MeterName = TailMeters.MeterName;

    const int FewConnections = 64;

    static readonly TimeSpan s_checkTimes = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan s_acceptPause = TimeSpan.FromMilliseconds(100);

    readonly TailServerOptions _options;
    readonly RefusalLog _log;
    readonly ConnectionServices _services;
    readonly Socket _listener;
    readonly int _mostConnections;
    readonly TlsCredentials? _credentials;
    readonly DateTimeOffset _since = DateTimeOffset.UtcNow;
    readonly Action<ClientConnection> _onServed;
    readonly Action<ClientConnection, string> _onFirstRefusal;
    readonly List<ClientConnection> _connections = [];
    readonly Timer _times;
    Task _accepting = Task.CompletedTask;
    TaskCompletionSource? _empty;
    ServerState _state = ServerState.Serving;

    /// <summary>Serves one model; listens at once.</summary>
    /// <param name="executor">The model; not disposed by the server, its slots are.</param>
    /// <param name="options">Address and limits.</param>
    /// <inheritdoc cref="TailServer(TailServerOptions)" path="/exception"/>
    public TailServer(ITailExecutor executor, TailServerOptions options)
        : this(options, executor ?? throw new ArgumentNullException(nameof(executor)), isOpen: true)
    {
    }

    /// <summary>Listens at once, and serves no client until a model is added.</summary>
    /// <param name="options">Address and limits.</param>
    /// <exception cref="InvalidDataException">A certificate cannot be used.</exception>
    /// <exception cref="IOException">The process has no file descriptor left for a connection.</exception>
    /// <exception cref="SocketException">The address is not free or not of this machine.</exception>
    public TailServer(TailServerOptions options)
        : this(options, null, isOpen: true)
    {
    }

    /// <param name="options">Address and limits.</param>
    /// <param name="executor">The first model; null for none.</param>
    /// <param name="isOpen">Whether clients may come at once; otherwise <see cref="Open"/> lets them in.</param>
    internal TailServer(TailServerOptions options, ITailExecutor? executor, bool isOpen)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        _options = options;
        ILogger logger = options.Logger ?? NullLogger.Instance;
        _log = new RefusalLog(logger, Faults);
        Faults.OnFault = _log.Fault;
        (_onServed, _onFirstRefusal) = (_log.Connected, _log.RefusedRequest);
        if (options.Tls is { } tls) _credentials = new TlsCredentials(tls, logger);
        _listener = Bind(options.EndPoint);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _services = new ConnectionServices(options, Faults, () => Connections);
        try
        {
            if (executor is not null) Add(executor);
            _mostConnections = MostConnections(options.Limits.MaxConnections);
        }
        catch
        {
            _listener.Dispose();
            _services.Dispose();
            throw;
        }
        _times = new Timer(_ => CheckTimes(), null, s_checkTimes, s_checkTimes);
        if (isOpen) Open();
    }

    /// <summary>Lets clients in, once: until then nothing listens at the address, although it is taken.</summary>
    /// <exception cref="SocketException">The address is not free.</exception>
    internal void Open()
    {
        // The system lowers it to its own limit.
        _listener.Listen(1 << 14);
        _accepting = Task.Run(AcceptAsync);
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

    /// <summary>The server's phase.</summary>
    public ServerState State
    {
        get
        {
            lock (_connections) return _state;
        }
    }

    /// <summary>The server at this moment. Takes time and memory by the number of clients.</summary>
    public ServerStatus GetStatus()
    {
        ClientConnection[] connections;
        lock (_connections) connections = [.. _connections];
        var load = default(TransferTimes);
        _services.Compute.Stamp(ref load);
        return new ServerStatus
        {
            State = State,
            EndPoint = EndPoint,
            IsEncrypted = _credentials is not null,
            Since = _since,
            Models = [.. _services.Models.Counts.Select(counts => counts.Status())],
            Devices = [.. connections.Select(connection => connection.Status())],
            RefusedConnections = _services.Meters.Refusals.ToDictionary(),
            InFlight = load.InFlight,
            Waiting = _services.Compute.Waiting,
            ComputeThreads = _options.ComputeThreads,
            BusyShare = load.BusyShare,
            Slowdown = load.Slowdown,
            PayloadMemory = _services.Staging.Held,
            MaxPayloadMemory = _services.Staging.Most,
        };
    }

    /// <summary>Called when the last request was answered, before the meter ends; may be null.</summary>
    internal Action? OnDrained { get; set; }

    /// <summary>Exceptions on the server's threads that are no fault of a client; each ended at most one connection.</summary>
    internal BackgroundFaults Faults { get; } = new();

    /// <summary>Stops: no new connections; asks clients to leave, waits up to the drain limit for the requests on the tail, then cuts
    /// connections left.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_connections)
        {
            if (_state != ServerState.Serving) return;
            _state = ServerState.Draining;
        }
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task empty = WhenEmpty();
        ForEach(connection => connection.AskToLeave("the tail stops"));
        if (await Task.WhenAny(empty, Task.Delay(_options.DrainLimit)).ConfigureAwait(false) != empty) ForEach(connection => connection.Abort());
        await empty.ConfigureAwait(false);
        await _times.DisposeAsync().ConfigureAwait(false);
        OnDrained?.Invoke();
        _services.Dispose();
        lock (_connections) _state = ServerState.Stopped;
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Address and connections.</summary>
    public override string ToString() => $"{EndPoint}, {Connections} connections";

    int MostConnections(int wanted)
    {
        int possible = FileDescriptors.LeftForConnections() - _options.ReservedDescriptors;
        if (possible < 1)
            throw new IOException("no file descriptor is left for a connection; raise the limit (ulimit -n)");
        if (possible < wanted) _log.FewDescriptors(possible, wanted);
        // Each takes two descriptors when it starts.
        if (possible < FewConnections) _services.Hot.Close();
        return Math.Min(possible, wanted);
    }

    static Socket Bind(IPEndPoint address)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(address);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    Task WhenEmpty()
    {
        lock (_connections)
        {
            if (_connections.Count == 0) return Task.CompletedTask;
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }

    void ForEach(Action<ClientConnection> action)
    {
        ClientConnection[] all;
        lock (_connections) all = [.. _connections];
        foreach (ClientConnection connection in all) action(connection);
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a timer ends the process")]
    void CheckTimes()
    {
        try
        {
            long now = Stopwatch.GetTimestamp();
            // By index from the end: a connection that goes meanwhile moves the last one to its place, which is then checked next time.
            for (int i = int.MaxValue; i >= 0; i--)
            {
                ClientConnection connection;
                lock (_connections)
                {
                    i = Math.Min(i, _connections.Count - 1);
                    if (i < 0) return;
                    connection = _connections[i];
                }
                connection.CheckTimes(now);
            }
        }
        catch (Exception e)
        {
            Faults.Add("tail times", "slow clients are checked a moment later", e);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "whatever goes wrong with one client must not end the server")]
    async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Admit(await _listener.AcceptAsync().ConfigureAwait(false));
            }
            catch (Exception e)
            {
                if (State != ServerState.Serving) return;
                // A client that gave up while it waited, or a lack of descriptors or memory. Others are served on, and new ones wait in
                // the system's queue until there is room.
                if (e is not (SocketException or ObjectDisposedException)) Faults.Add("tail accept", "a connection was refused", e);
                _log.CannotAccept(e);
                if (e is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.ConnectionAborted }) continue;
                _services.Meters.Refusals.Add(RefusalReason.Resources);
                await Task.Delay(s_acceptPause).ConfigureAwait(false);
            }
        }
    }

    void Admit(Socket socket)
    {
        ClientConnection? connection = null;
        try
        {
            ClientStream stream = _credentials is null ? new PlainStream(socket) : new TlsStream(socket, _credentials);
            connection = new ClientConnection(stream, _services) { OnServed = _onServed, OnFirstRefusal = _onFirstRefusal };
            if (Register(connection, out string refusal) is { } reason)
            {
                _log.Refused(connection, refusal);
                _services.Meters.Refusals.Add(reason);
                connection.TurnAway(refusal);
                connection.Dispose();
                return;
            }
        }
        catch
        {
            connection?.Dispose();
            socket.Dispose();
            throw;
        }
        _ = ServeAsync(connection);
    }

    /// <summary>Takes a connection into the list.</summary>
    /// <returns>Null, or why it is refused.</returns>
    RefusalReason? Register(ClientConnection connection, out string refusal)
    {
        refusal = "";
        lock (_connections)
        {
            if (_state != ServerState.Serving)
            {
                refusal = "tail is shutting down";
                return RefusalReason.Stopping;
            }
            if (_connections.Count >= _mostConnections)
            {
                refusal = $"tail serves {_connections.Count} connections, the limit";
                return RefusalReason.Full;
            }
            connection.Index = _connections.Count;
            _connections.Add(connection);
            return null;
        }
    }

    void Unregister(ClientConnection connection)
    {
        lock (_connections)
        {
            ClientConnection last = _connections[^1];
            _connections[connection.Index] = last;
            last.Index = connection.Index;
            _connections.RemoveAt(_connections.Count - 1);
            if (_connections.Count == 0) _empty?.TrySetResult();
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "nothing awaits this; whatever happens ends one connection")]
    async Task ServeAsync(ClientConnection connection)
    {
        try
        {
            _services.Meters.Connected();
            await connection.RunAsync().ConfigureAwait(false);
            if (connection.Reason is { } refused)
            {
                _log.Refused(connection, connection.Fault);
                _services.Meters.Refusals.Add(refused);
            }
            else if (connection.EarlyEnd is { } reason)
            {
                _log.Left(connection, reason);
                _services.Meters.Refusals.Add(RefusalReason.Handshake);
            }
            else _log.Disconnected(connection);
            if (connection.RefusedRequests > 1) _log.RefusedRequests(connection);
        }
        catch (Exception e)
        {
            Faults.Add("tail connection", $"the connection to {connection.Remote} was ended", e);
        }
        connection.Dispose();
        Unregister(connection);
    }
}
