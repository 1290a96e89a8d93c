using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Transport;

/// <summary>The way of one client's answers back. Sending never waits: bytes that the client does not accept at once are queued, and a client
/// that takes too little is cut. Any thread.</summary>
sealed class AnswerQueue(ClientStream stream)
{
    /// <summary>Answers in a row before which nothing else had come; then the client counts as one that waits for each.</summary>
    const int LoneToStay = 16;

    /// <summary>Bytes that may wait for a client of any model. More than an honest one leaves: replies to 256 requests of 1,000 classes.</summary>
    const int LeastLimit = 1 << 20;

    /// <summary>Bytes after which <see cref="SendingSince"/> starts again: so many within the deadline are enough.</summary>
    const int Slice = 64 << 10;

    readonly Lock _gate = new();
    Queue<(byte[] Buffer, int Bytes)>? _waiting;
    TaskCompletionSource? _done;
    long _waitingBytes;
    int _owed;
    long _answered;
    int _inFlight;
    int _lone;
    long _mostWaiting = LeastLimit;
    long _sendingSince;
    long _refused;
    bool _isClosed;

    /// <summary>Why the connection ended, the first cause; null for a clean end.</summary>
    public string? Fault { get; private set; }

    /// <summary>Requests that were answered with an error other than being late.</summary>
    public long RefusedRequests => Interlocked.Read(ref _refused);

    /// <summary>Requests that were received and answered, with an error or without.</summary>
    public long Answers => Interlocked.Read(ref _answered);

    /// <summary>Called for the first such request, on the thread that refuses it; may be null.</summary>
    public Action<string>? OnFirstRefusal { get; init; }

    /// <summary>Requests received and not answered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Whether the client waits for each answer before it sends the next request.</summary>
    public bool IsLone => Volatile.Read(ref _lone) >= LoneToStay;

    /// <summary>When the client last took bytes of those that wait, Stopwatch ticks; 0 where none wait.</summary>
    public long SendingSince => Interlocked.Read(ref _sendingSince);

    /// <summary>Keeps the first cause of the connection's end.</summary>
    public void Fail(string cause) => Fault ??= cause;

    /// <summary>Ends the connection now, with a cause.</summary>
    public void Cut(string cause)
    {
        Fail(cause);
        stream.Abort();
    }

    /// <summary>Lets so many replies of this size wait, where they are large.</summary>
    public void Allow(int replies, int bytes) => Volatile.Write(ref _mostWaiting, Math.Max(LeastLimit, (long)replies * bytes));

    /// <summary>A request was received; <see cref="Answering"/> and <see cref="Answered"/> follow.</summary>
    public void Owe()
    {
        Interlocked.Increment(ref _inFlight);
        lock (_gate) _owed++;
    }

    /// <summary>A request is about to be answered: from the answer on the client may send the next.</summary>
    public void Answering()
    {
        // A client that sends more before it has its answer is one whose next frame should be received while this one is computed.
        Volatile.Write(ref _lone, stream.HasArrivals ? 0 : Math.Min(_lone + 1, LoneToStay));
        Interlocked.Decrement(ref _inFlight);
    }

    /// <summary>A request's answer was sent or queued.</summary>
    public void Answered()
    {
        lock (_gate)
        {
            _owed--;
            _answered++;
            CompleteIfDone();
        }
    }

    /// <summary>Sends a whole frame, or queues bytes that the client does not accept now.</summary>
    public void Send(ReadOnlySpan<byte> frame)
    {
        try
        {
            lock (_gate)
            {
                if (_isClosed) return;
                if (_waitingBytes == 0)
                {
                    // A stream may take a part each time; 0 means that it would wait.
                    for (int sent; !frame.IsEmpty && (sent = stream.TrySend(frame)) > 0;) frame = frame[sent..];
                    if (frame.IsEmpty) return;
                }
                if (_waitingBytes + frame.Length > Volatile.Read(ref _mostWaiting))
                {
                    _isClosed = true;
                    Cut($"client takes no answers: {_waitingBytes} bytes wait for it");
                    return;
                }
                Queue(frame);
            }
        }
        catch (IOException e)
        {
            // The receiving side notices the same and ends the connection; here only this frame is lost.
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
        if (taskId != 0 && code != ErrorCode.Late && Interlocked.Increment(ref _refused) == 1)
            OnFirstRefusal?.Invoke(text.Length == 0 ? code.ToString() : $"{code}, {text}");
        Span<byte> frame = stackalloc byte[FramePrelude.Bytes + ErrorHeader.MaxBytes];
        int bytes = new ErrorHeader { Code = code, TaskId = taskId, Text = text, Times = times }.Write(frame[FramePrelude.Bytes..]);
        Send(frame, FrameKind.Error, bytes);
    }

    /// <summary>Completes when every request is answered, and queued bytes are sent or lost.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            CompleteIfDone();
            return _done.Task;
        }
    }

    void CompleteIfDone()
    {
        if (_done is not null && _owed == 0 && _waitingBytes == 0) _done.TrySetResult();
    }

    void Queue(ReadOnlySpan<byte> frame)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        frame.CopyTo(copy);
        (_waiting ??= []).Enqueue((copy, frame.Length));
        _waitingBytes += frame.Length;
        if (_waitingBytes == frame.Length)
        {
            Interlocked.Exchange(ref _sendingSince, Stopwatch.GetTimestamp());
            _ = Task.Run(DrainAsync);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "nothing awaits this; a frame that cannot be sent ends the connection")]
    async Task DrainAsync()
    {
        while (true)
        {
            (byte[] buffer, int bytes) next;
            lock (_gate) next = _waiting!.Peek();
            bool isBroken = false;
            try
            {
                for (int sent = 0; sent < next.bytes; sent += Slice)
                {
                    await stream.SendAsync(next.buffer.AsMemory(sent, Math.Min(Slice, next.bytes - sent))).ConfigureAwait(false);
                    Interlocked.Exchange(ref _sendingSince, Stopwatch.GetTimestamp());
                }
            }
            catch (Exception e)
            {
                // Mostly the client has gone; whatever it is, the frames that wait are lost and the connection's end must not wait for them.
                Fail(e.Message);
                isBroken = true;
            }
            lock (_gate)
            {
                do
                {
                    (byte[] buffer, int bytes) = _waiting.Dequeue();
                    ArrayPool<byte>.Shared.Return(buffer);
                    _waitingBytes -= bytes;
                }
                while (isBroken && _waiting.Count > 0);
                _isClosed |= isBroken;
                Interlocked.Exchange(ref _sendingSince, _waitingBytes == 0 ? 0 : Stopwatch.GetTimestamp());
                if (_waitingBytes > 0) continue;
                _waiting = null;
                CompleteIfDone();
                return;
            }
        }
    }
}
