using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Offload;

/// <summary>Offloads to a tail of <see cref="EchoExecutor"/> on this machine: 8 KB up and the answer of two classes down.</summary>
sealed class EchoClient : IDisposable
{
    public const int UpBytes = 8192;

    const int Classes = 2;

    readonly TailClient _client;
    readonly SendBuffer _buffer = new(UpBytes);
    readonly float[] _logits = new float[Classes];

    /// <exception cref="InvalidOperationException">There is no such tail.</exception>
    public EchoClient(int port, TailTlsOptions? tls = null)
    {
        _client = new TailClient(
            new TailClientOptions { Host = "127.0.0.1", Port = port, Tls = tls, CompleteInline = true }, Executor.Manifest);
        if (!_client.WaitUntilUp(TimeSpan.FromSeconds(10)))
            throw new InvalidOperationException($"echo tail is not up: {_client.LastFault}");
    }

    /// <summary>The tail's executor.</summary>
    public static EchoExecutor Executor => new(UpBytes, Classes);

    TailRequest Request => new()
    {
        Policy = new ExitPolicy([], 0),
        Encoding = TensorEncoding.Float32,
        Payload = _buffer.Address,
        PayloadBytes = UpBytes,
        DeadlineMs = 1000,
    };

    public void SendAndWait() => Check(_client.SendAndWait(Request, _logits));

    public async ValueTask SendAsync() => Check(await _client.SendAsync(Request, _logits));

    public void Dispose() => _client.Dispose();

    static void Check(in TailReply reply)
    {
        if (reply.Outcome != TailOutcome.Answered) throw new InvalidOperationException($"echo tail: {reply.Outcome}");
    }
}
