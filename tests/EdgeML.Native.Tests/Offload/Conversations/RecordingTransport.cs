using System.Buffers.Binary;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>A client's transport that keeps every whole frame that passes.</summary>
sealed class RecordingTransport(ITransport inner) : ITransport
{
    readonly List<RecordedFrame> _frames = [];
    readonly List<byte> _sent = [];
    readonly List<byte> _received = [];

    /// <summary>The frames so far.</summary>
    public IReadOnlyList<RecordedFrame> Frames
    {
        get
        {
            lock (_frames) return [.. _frames];
        }
    }

    /// <summary>Waits for the tail's frames.</summary>
    /// <param name="kind">Of these.</param>
    /// <param name="count">How many it must have sent.</param>
    /// <param name="patience">For how long.</param>
    public void WaitFor(FrameKind kind, int count, TimeSpan patience)
    {
        long end = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        lock (_frames)
        {
            while (_frames.Count(frame => !frame.FromClient && frame.Bytes[5] == (byte)kind) < count)
            {
                bool inTime = Monitor.Wait(_frames, (int)Math.Max(0, end - Environment.TickCount64));
                Assert.True(inTime, $"the tail did not send {count} {kind} frames");
            }
        }
    }

    public bool HasArrivals => inner.HasArrivals;

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        int received = inner.Receive(destination, timeoutMs);
        if (received > 0)
        {
            lock (_frames) Keep(_received, destination[..received], fromClient: false);
        }
        return received;
    }

    public int Send(ReadOnlySpan<byte> source)
    {
        // Under the lock, or the answer could be kept first.
        lock (_frames)
        {
            int sent = inner.Send(source);
            Keep(_sent, source[..sent], fromClient: true);
            return sent;
        }
    }

    void Keep(List<byte> stream, ReadOnlySpan<byte> bytes, bool fromClient)
    {
        stream.AddRange(bytes);
        while (stream.Count >= FramePrelude.Bytes)
        {
            byte[] all = [.. stream];
            int length = FramePrelude.Bytes + BinaryPrimitives.ReadUInt16LittleEndian(all.AsSpan(6))
                + BinaryPrimitives.ReadInt32LittleEndian(all.AsSpan(8));
            // What is no frame is kept in one piece: nothing follows it.
            if (BinaryPrimitives.ReadUInt32LittleEndian(all) != FramePrelude.Magic) length = all.Length;
            if (all.Length < length) return;
            _frames.Add(new RecordedFrame(fromClient, FrameValues.Of(all[..length]), all[..length]));
            stream.RemoveRange(0, length);
            Monitor.PulseAll(_frames);
        }
    }

    public bool WaitWritable(int timeoutMs) => inner.WaitWritable(timeoutMs);

    public void EndReceive() => inner.EndReceive();

    public void EndSend() => inner.EndSend();

    public void Abort() => inner.Abort();

    public void Dispose() => inner.Dispose();
}
