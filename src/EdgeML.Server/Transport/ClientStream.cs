using System.Net;

namespace EdgeML.Server.Transport;

/// <summary>The bytes of one client. One reader at a time, one sender at a time; any thread may abort.</summary>
abstract class ClientStream : IDisposable
{
    /// <summary>The identity of the other end; null where that is not known.</summary>
    public abstract EndPoint? Remote { get; }

    /// <summary>Whether <see cref="OpenAsync"/> is a handshake.</summary>
    public virtual bool IsEncrypted => false;

    /// <summary>Makes the stream ready, before anything else.</summary>
    /// <returns>The client's proven identity, null without one; and why it is refused, null where it is not.</returns>
    /// <exception cref="InvalidDataException">The other end is no client.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public virtual ValueTask<(string? Identity, string? Refusal)> OpenAsync() => new((null, null));

    /// <summary>Why a client may leave before it says hello; null where there is no usual reason.</summary>
    public virtual string? EarlyEnd => null;

    /// <summary>Whether bytes have arrived that are not received yet; true where that is unknown.</summary>
    public virtual bool HasArrivals => true;

    /// <summary>Completes when there is something to receive, or the end. No buffer is held meanwhile.</summary>
    /// <exception cref="IOException">The connection broke or was aborted.</exception>
    public abstract ValueTask WaitAsync();

    /// <summary>Receives available bytes, or waits for them.</summary>
    /// <returns>Bytes; 0 at the end.</returns>
    /// <exception cref="IOException">The connection broke or was aborted.</exception>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> destination);

    /// <summary>Blocks this thread until there is something to receive.</summary>
    /// <returns>False when the time passed, or where the stream cannot wait so.</returns>
    /// <exception cref="IOException">The connection broke or was aborted.</exception>
    public virtual bool Poll(TimeSpan limit) => false;

    /// <summary>Sends as many bytes as possible without waiting.</summary>
    /// <returns>Bytes taken; possibly 0.</returns>
    /// <exception cref="IOException">The connection broke or was aborted.</exception>
    public abstract int TrySend(ReadOnlySpan<byte> source);

    /// <summary>Sends everything.</summary>
    /// <exception cref="IOException">The connection broke or was aborted.</exception>
    public abstract ValueTask SendAsync(ReadOnlyMemory<byte> source);

    /// <summary>Makes the receiving side end here as if the client had ended it.</summary>
    public abstract void EndReceive();

    /// <summary>Tells the client that nothing more comes.</summary>
    public abstract void EndSend();

    /// <summary>Breaks the connection now; waiting calls on it throw.</summary>
    public abstract void Abort();

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
