using System.Net.Sockets;

namespace EdgeML.Server.Transport;

/// <summary>TCP without encryption. Available bytes are received by a plain non-blocking call; only waiting is asynchronous.</summary>
sealed class PlainStream(Socket socket) : SocketStream(socket)
{
    public override async ValueTask WaitAsync()
    {
        try
        {
            await Socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination)
    {
        try
        {
            int received = Socket.Receive(destination.Span, SocketFlags.None, out SocketError error);
            if (error == SocketError.Success) return new ValueTask<int>(received);
            if (error != SocketError.WouldBlock) throw Broken(error);
        }
        catch (ObjectDisposedException e)
        {
            throw Broken(e);
        }
        return WaitAndReceiveAsync(destination);
    }

    async ValueTask<int> WaitAndReceiveAsync(Memory<byte> destination)
    {
        try
        {
            return await Socket.ReceiveAsync(destination, SocketFlags.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override int TrySend(ReadOnlySpan<byte> source)
    {
        try
        {
            int sent = Socket.Send(source, SocketFlags.None, out SocketError error);
            return error is SocketError.Success or SocketError.WouldBlock ? sent : throw Broken(error);
        }
        catch (ObjectDisposedException e)
        {
            throw Broken(e);
        }
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> source)
    {
        try
        {
            while (!source.IsEmpty) source = source[await Socket.SendAsync(source, SocketFlags.None).ConfigureAwait(false)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    static IOException Broken(SocketError error) => new($"connection broke: {error}");
}
