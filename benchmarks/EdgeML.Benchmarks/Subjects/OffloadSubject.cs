using EdgeML.Benchmarks.Offload;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>A tail client and an echoing tail server over loopback TCP in this process.</summary>
sealed class OffloadSubject : IDisposable
{
    const int UpBytes = 8192;
    const int Classes = 2;

    readonly TailServer _server = new(new EchoExecutor(UpBytes, Classes), new TailServerOptions());
    readonly TailClient _client;
    readonly SendBuffer _buffer = new(UpBytes);
    readonly float[] _logits = new float[Classes];

    public OffloadSubject()
    {
        _client = new TailClient(
            new TailClientOptions { Host = "127.0.0.1", Port = _server.EndPoint.Port, CompleteInline = true },
            new EchoExecutor(UpBytes, Classes).Manifest);
        if (!_client.WaitUntilUp(TimeSpan.FromSeconds(10)))
            throw new InvalidOperationException($"echo tail is not up: {_client.LastFault}");
    }

    /// <summary>8 KB up and the answer down.</summary>
    public void SendAndWait() => Check(_client.SendAndWait(Request, _logits));

    /// <summary>The same, awaited.</summary>
    public async ValueTask SendAsync() => Check(await _client.SendAsync(Request, _logits));

    TailRequest Request => new()
    {
        Policy = new ExitPolicy([], 0),
        Encoding = TensorEncoding.Float32,
        Payload = _buffer.Address,
        PayloadBytes = UpBytes,
        DeadlineMs = 1000,
    };

    static void Check(in TailReply reply)
    {
        if (reply.Outcome != TailOutcome.Answered) throw new InvalidOperationException($"echo tail: {reply.Outcome}");
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }
}
