using EdgeML.Native.Offload.Transport;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>Another transport, and which thread last received something from it.</summary>
sealed class ThreadNotingTransport(ITransport inner) : ITransport
{
    volatile int _receiver;

    /// <summary>Managed id of the thread.</summary>
    public int Receiver => _receiver;

    public bool HasArrivals => inner.HasArrivals;

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        int received = inner.Receive(destination, timeoutMs);
        if (received > 0) _receiver = Environment.CurrentManagedThreadId;
        return received;
    }

    public int Send(ReadOnlySpan<byte> source) => inner.Send(source);

    public bool WaitWritable(int timeoutMs) => inner.WaitWritable(timeoutMs);

    public void EndReceive() => inner.EndReceive();

    public void EndSend() => inner.EndSend();

    public void Abort() => inner.Abort();

    public void Dispose() => inner.Dispose();
}
