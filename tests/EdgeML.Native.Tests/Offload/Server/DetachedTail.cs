using System.Diagnostics;
using System.Net;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Telemetry;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;
using EdgeML.Server.Requests;
using EdgeML.Server.Transport;

namespace EdgeML.Native.Tests.Offload.Server;

/// <summary>A tail server without sockets: its connections run over any stream of bytes.</summary>
sealed class DetachedTail : IDisposable
{
    readonly ConnectionServices _services;
    readonly List<ClientConnection> _connections = [];
    readonly Timer _times;

    public DetachedTail(ITailExecutor executor, TailServerOptions? options = null)
    {
        _services = new ConnectionServices(options ?? new TailServerOptions(), new BackgroundFaults(), () => _connections.Count);
        _services.Models.Swap(null, new ServedModel(executor, _services.Staging));
        _times = new Timer(_ => CheckTimes(), null, 5, 5);
    }

    /// <summary>A connection that <see cref="Run"/> serves; disposed by the caller.</summary>
    public ClientConnection Connect(ITransport transport)
    {
        var connection = new ClientConnection(new BlockingStream(transport), _services);
        lock (_connections) _connections.Add(connection);
        return connection;
    }

    /// <summary>Serves on this thread until the client ends.</summary>
    public static void Run(ClientConnection connection) => connection.RunAsync().GetAwaiter().GetResult();

    public void Dispose()
    {
        _times.Dispose();
        _services.Dispose();
    }

    void CheckTimes()
    {
        ClientConnection[] all;
        lock (_connections) all = [.. _connections];
        foreach (ClientConnection connection in all) connection.CheckTimes(Stopwatch.GetTimestamp());
    }

    /// <summary>Waits by blocking.</summary>
    sealed class BlockingStream(ITransport transport) : ClientStream
    {
        public override EndPoint? Remote => null;

        public override bool HasArrivals => transport.HasArrivals;

        public override ValueTask WaitAsync() => ValueTask.CompletedTask;

        public override ValueTask<int> ReceiveAsync(Memory<byte> destination) => new(transport.Receive(destination.Span, Timeout.Infinite));

        public override int TrySend(ReadOnlySpan<byte> source) => transport.Send(source);

        public override ValueTask SendAsync(ReadOnlyMemory<byte> source)
        {
            while (!source.IsEmpty)
            {
                transport.WaitWritable(1000);
                source = source[transport.Send(source.Span)..];
            }
            return ValueTask.CompletedTask;
        }

        public override void EndReceive() => transport.EndReceive();

        public override void EndSend() => transport.EndSend();

        public override void Abort() => transport.Abort();

        protected override void Dispose(bool disposing) => transport.Dispose();
    }
}
