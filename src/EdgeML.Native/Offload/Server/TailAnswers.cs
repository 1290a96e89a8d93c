using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Server;

/// <summary>The way of one connection's answers back to its client, and what is still owed to it. Any thread.</summary>
sealed class TailAnswers(ITransport transport, ProtocolLimits limits)
{
    /// <summary>Answers in a row before which nothing else had come; then the next request is computed without changing threads.</summary>
    const int LoneToStay = 16;

    readonly object _sendGate = new();
    readonly object _doneGate = new();
    int _inFlight;
    int _unanswered;
    int _lone;
    long _refusedRequests;

    /// <summary>Why the connection ended, the first cause; null for a clean end.</summary>
    public string? Fault { get; private set; }

    /// <summary>Requests that were answered with an error other than being late.</summary>
    public long RefusedRequests => Interlocked.Read(ref _refusedRequests);

    /// <summary>Told of the first such request, on the thread that refuses it; may be null.</summary>
    public Action<string>? OnFirstRefusal { get; init; }

    /// <summary>Requests from whose answer on the client may send another.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>Whether the client waits for each answer before it sends the next request.</summary>
    public bool AreLone => Volatile.Read(ref _lone) >= LoneToStay;

    /// <summary>Keeps the first cause of the connection's end.</summary>
    public void Fail(string cause) => Fault ??= cause;

    /// <summary>Ends the connection now.</summary>
    public void Abort() => transport.Abort();

    /// <summary>A request was received; <see cref="Answering"/> and <see cref="Done"/> follow.</summary>
    public void Owe()
    {
        Interlocked.Increment(ref _unanswered);
        lock (_doneGate) _inFlight++;
    }

    /// <summary>A request is about to be answered: from the answer on the client may send the next.</summary>
    public void Answering()
    {
        // A client that sends more before it has its answer is one whose next frame should be received while this one is computed.
        Volatile.Write(ref _lone, transport.HasArrivals ? 0 : Math.Min(_lone + 1, LoneToStay));
        Interlocked.Decrement(ref _unanswered);
    }

    /// <summary>A request is through, its answer sent.</summary>
    public void Done()
    {
        lock (_doneGate)
        {
            if (--_inFlight == 0) Monitor.PulseAll(_doneGate);
        }
    }

    /// <summary>Waits until every request is through.</summary>
    public void WaitUntilDone(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_doneGate)
        {
            while (_inFlight > 0 && Environment.TickCount64 < end) Monitor.Wait(_doneGate, (int)Math.Max(1, end - Environment.TickCount64));
        }
    }

    /// <summary>Sends a whole frame. A client that does not take its answers is cut off, so that it cannot hold up the compute
    /// threads.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            lock (_sendGate)
            {
                while (true)
                {
                    frame = frame[transport.Send(frame)..];
                    if (frame.IsEmpty) return;
                    if (!transport.WaitWritable((int)limits.SendDeadline.TotalMilliseconds))
                    {
                        Fail($"client took no bytes for {limits.SendDeadline.TotalMilliseconds:0} ms");
                        transport.Abort();
                        return;
                    }
                }
            }
        }
        catch (IOException e)
        {
            // The receiving thread notices the same and ends the connection; here only this frame is lost.
            Fail(e.Message);
        }
    }

    /// <summary>Completes a frame without a payload, whose header is in its place, and sends it.</summary>
    public void Send(Span<byte> memory, FrameKind kind, int headerBytes)
    {
        Span<byte> frame = memory[..(FramePrelude.Bytes + headerBytes)];
        FramePrelude.Write(frame, kind, headerBytes, 0);
        FramePrelude.Seal(frame);
        Send(frame);
    }

    /// <summary>Answers a request, or with task 0 the connection, with an error.</summary>
    public void Refuse(ErrorCode code, ulong taskId, string text, in TransferTimes times)
    {
        if (taskId != 0 && code != ErrorCode.Late && Interlocked.Increment(ref _refusedRequests) == 1)
            OnFirstRefusal?.Invoke(text.Length == 0 ? code.ToString() : $"{code}, {text}");
        Span<byte> frame = stackalloc byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
        int bytes = new ErrorHeader { Code = code, TaskId = taskId, Text = text, Times = times }.Write(frame[FramePrelude.Bytes..]);
        Send(frame, FrameKind.Error, bytes);
    }
}
