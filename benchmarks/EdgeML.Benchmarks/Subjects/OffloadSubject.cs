using EdgeML.Benchmarks.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>A tail client and an echoing tail server over loopback TCP in this process.</summary>
sealed class OffloadSubject : IDisposable
{
    readonly TailServer _server = new(EchoClient.Executor, new TailServerOptions());
    readonly EchoClient _client;

    public OffloadSubject() => _client = new EchoClient(_server.EndPoint.Port);

    /// <summary>8 KB up and the answer down.</summary>
    public void SendAndWait() => _client.SendAndWait();

    /// <summary>The same, awaited.</summary>
    public ValueTask SendAsync() => _client.SendAsync();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }
}
