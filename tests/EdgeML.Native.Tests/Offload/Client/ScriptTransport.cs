using EdgeML.Native.Offload.Transport;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>Gives the same bytes in the same pieces every time and swallows what is sent.</summary>
sealed class ScriptTransport(params byte[][] pieces) : ITransport
{
    int _piece;
    int _position;

    public long Sent { get; private set; }

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        while (_piece < pieces.Length && _position == pieces[_piece].Length) (_piece, _position) = (_piece + 1, 0);
        if (_piece == pieces.Length) return 0;
        ReadOnlySpan<byte> left = pieces[_piece].AsSpan(_position);
        int count = Math.Min(left.Length, destination.Length);
        left[..count].CopyTo(destination);
        _position += count;
        return count;
    }

    public int Send(ReadOnlySpan<byte> source)
    {
        Sent += source.Length;
        return source.Length;
    }

    public bool WaitWritable(int timeoutMs) => true;

    public void EndReceive()
    {
    }

    public void EndSend()
    {
    }

    public void Abort()
    {
    }

    public void Dispose()
    {
    }
}
