using BenchmarkDotNet.Attributes;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Benches;

/// <summary>The headers of one offload.</summary>
[MemoryDiagnoser]
public class HeaderBench
{
    readonly RequestHeader _request = new()
    {
        TaskId = 0x123456,
        Encoding = TensorEncoding.Float16,
        DeadlineMs = 50,
        Policy = new ExitPolicy([0.5f, 0.25f, 0.125f], 3),
    };

    readonly ReplyHeader _reply = new()
    {
        TaskId = 0x123456,
        Answer = new TailAnswer(4, 9, 0.125f, 0.75f),
        Times = new TransferTimes
        {
            ComputeMicros = 1500,
            QueueMicros = 20,
            SpanMicros = 300,
            SpanBytes = 8192,
            InFlight = 2,
            BusyShare = 0.5f,
            Slowdown = 1,
        },
    };

    readonly byte[] _memory = new byte[RequestHeader.MaxBytes];
    readonly byte[] _requestBytes;
    readonly byte[] _replyBytes;

    public HeaderBench()
    {
        _requestBytes = _memory[.._request.Write(_memory)];
        _replyBytes = _memory[.._reply.Write(_memory)];
    }

    [Benchmark]
    public int WritesRequest() => _request.Write(_memory);

    [Benchmark]
    public ulong ReadsRequest() => RequestHeader.Read(_requestBytes).TaskId;

    [Benchmark]
    public int WritesReply() => _reply.Write(_memory);

    [Benchmark]
    public ulong ReadsReply() => ReplyHeader.Read(_replyBytes).TaskId;
}
