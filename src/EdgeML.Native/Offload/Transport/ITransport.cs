namespace EdgeML.Native.Offload.Transport;

/// <summary>A connected byte stream. Sessions know only this, so that they run over memory as well as over TCP.</summary>
/// <remarks>One thread receives, one sends at a time, any thread may abort. Blocking with deadlines instead of tasks: a task needs a hop
/// through the thread pool for every completion, and the whole budget of a small offload is a few such hops.</remarks>
interface ITransport : IDisposable
{
    /// <summary>Waits for bytes.</summary>
    /// <returns>Their number, 0 when the peer has ended its side, -1 when <paramref name="timeoutMs"/> passed (-1 waits for
    /// ever).</returns>
    /// <exception cref="IOException">The connection is broken or was aborted.</exception>
    int Receive(Span<byte> destination, int timeoutMs);

    /// <summary>Sends the bytes that the stream accepts without waiting; possibly 0.</summary>
    /// <exception cref="IOException">The connection is broken or was aborted.</exception>
    int Send(ReadOnlySpan<byte> source);

    /// <summary>Waits until <see cref="Send"/> would take something.</summary>
    /// <returns>False when the time passed.</returns>
    bool WaitWritable(int timeoutMs);

    /// <summary>Whether bytes have arrived that are not received yet; true where that is unknown.</summary>
    bool HasArrivals => true;

    /// <summary>Makes the receiving side end cleanly here, as if the peer had ended it; bytes that have arrived are still read.</summary>
    void EndReceive();

    /// <summary>Tells the peer that nothing more comes.</summary>
    void EndSend();

    /// <summary>Breaks the connection now; waiting calls on it throw.</summary>
    void Abort();
}
