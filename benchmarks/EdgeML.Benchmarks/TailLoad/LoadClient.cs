using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Server.Transport;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>A device that keeps a number of requests under way: it sends the next when an answer comes.</summary>
sealed class LoadClient : IDisposable
{
    static readonly ProtocolLimits s_limits = new();

    readonly PlainStream _stream;
    readonly FrameReader _reader;
    readonly byte[][] _frames;
    readonly long[] _sentAt;
    readonly byte[] _logits;

    LoadClient(PlainStream stream, FrameReader reader, byte[][] frames, int classes)
    {
        (_stream, _reader, _frames) = (stream, reader, frames);
        _sentAt = new long[frames.Length];
        _logits = new byte[classes * sizeof(float)];
    }

    /// <summary>Milliseconds of every answer.</summary>
    public List<double> Latencies { get; } = [];

    public int Refused { get; private set; }

    /// <summary>Of the last answer.</summary>
    public float[] Logits => MemoryMarshal.Cast<byte, float>(_logits).ToArray();

    /// <summary>Connects and says hello.</summary>
    public static async Task<LoadClient> ConnectAsync(int port, ModelManifest manifest, int cut, int inFlight)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var stream = new PlainStream(socket);
        var reader = new FrameReader(stream, s_limits);
        await stream.SendAsync(Frame(FrameKind.Hello, new HelloHeader(manifest.Identity, HelloHeader.EveryEncoding, "", manifest.CutsDigest).Write, []));
        while (!reader.TryReadHead())
            if (!await reader.FillAsync(wait: true)) throw new IOException("the tail ended the connection");
        if (reader.Prelude.Kind != FrameKind.HelloAck) throw new IOException($"the tail answers hello with a {reader.Prelude.Kind} frame");
        if (inFlight == 0) return new LoadClient(stream, reader, [], manifest.Classes);
        var policy = new ExitPolicy(new float[manifest.SideExits], cut);
        byte[] payload = Payload(manifest, cut);
        byte[][] frames = [.. Enumerable.Range(1, inFlight).Select(id => Frame(FrameKind.Request, new RequestHeader
        {
            TaskId = (ulong)id,
            Encoding = TensorEncoding.Float32,
            DeadlineMs = 10_000,
            Policy = policy,
        }.Write, payload))];
        return new LoadClient(stream, reader, frames, manifest.Classes);
    }

    /// <summary>The tensor that every request of a model and cut carries, the same in every process.</summary>
    public static byte[] Payload(ModelManifest manifest, int cut)
    {
        var policy = new ExitPolicy(new float[manifest.SideExits], cut);
        byte[] payload = new byte[PayloadSize.Of(manifest, BottleneckSet.None, policy, TensorEncoding.Float32)];
        new Random(1).NextBytes(payload);
        // Small positive numbers, whatever the bytes: the exponent's upper bits are cleared.
        for (int i = 3; i < payload.Length; i += 4) payload[i] &= 0x3e;
        return payload;
    }

    /// <summary>Asks until told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        for (int i = 0; i < _frames.Length; i++) await SendAsync(i);
        while (!stop.IsCancellationRequested)
        {
            while (!_reader.TryReadHead())
                if (!await _reader.FillAsync(wait: true)) throw new IOException("the tail ended the connection");
            int index;
            if (_reader.Prelude.Kind == FrameKind.Reply)
            {
                index = (int)ReplyHeader.Read(_reader.Header).TaskId - 1;
                await _reader.ReadPayloadAsync(_logits, long.MaxValue);
                Latencies.Add(Stopwatch.GetElapsedTime(_sentAt[index]).TotalMilliseconds);
            }
            else
            {
                index = (int)ErrorHeader.Read(_reader.Header).TaskId - 1;
                Refused++;
            }
            await SendAsync(index);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _reader.Dispose();
    }

    ValueTask SendAsync(int index)
    {
        _sentAt[index] = Stopwatch.GetTimestamp();
        return _stream.SendAsync(_frames[index]);
    }

    /// <summary>Writes a header.</summary>
    /// <returns>Its bytes.</returns>
    public delegate int HeaderWriter(Span<byte> destination);

    /// <summary>A whole frame.</summary>
    public static byte[] Frame(FrameKind kind, HeaderWriter header, ReadOnlySpan<byte> payload)
    {
        byte[] memory = new byte[FramePrelude.Bytes + 1024 + payload.Length];
        int headerBytes = header(memory.AsSpan(FramePrelude.Bytes));
        payload.CopyTo(memory.AsSpan(FramePrelude.Bytes + headerBytes));
        byte[] frame = memory[..(FramePrelude.Bytes + headerBytes + payload.Length)];
        FramePrelude.Write(frame, kind, headerBytes, payload.Length);
        FramePrelude.Seal(frame);
        return frame;
    }
}
