using System.Net;
using System.Net.Sockets;

namespace EdgeML.Server.Transport;

/// <summary>TCP without encryption. Available bytes are received by a plain non-blocking call; only waiting is asynchronous.</summary>
sealed class PlainStream : ClientStream
{
    readonly Socket _socket;

    public PlainStream(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.Blocking = false;
        Remote = socket.RemoteEndPoint;
    }

    public override EndPoint? Remote { get; }

    public override bool HasArrivals
    {
        get
        {
            try
            {
                return _socket.Available > 0;
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                // A broken connection is noticed by the next receive.
                return true;
            }
        }
    }

    public override async ValueTask WaitAsync()
    {
        try
        {
            await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);
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
            int received = _socket.Receive(destination.Span, SocketFlags.None, out SocketError error);
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
            return await _socket.ReceiveAsync(destination, SocketFlags.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override bool Poll(TimeSpan limit)
    {
        try
        {
            return _socket.Poll(limit, SelectMode.SelectRead);
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
            int sent = _socket.Send(source, SocketFlags.None, out SocketError error);
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
            while (!source.IsEmpty) source = source[await _socket.SendAsync(source, SocketFlags.None).ConfigureAwait(false)..];
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override void EndReceive() => Shutdown(SocketShutdown.Receive);

    public override void EndSend() => Shutdown(SocketShutdown.Send);

    public override void Abort() => _socket.Close(0);

    protected override void Dispose(bool disposing) => _socket.Dispose();

    void Shutdown(SocketShutdown how)
    {
        try
        {
            _socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was quicker: there is nothing left to end.
        }
    }

    static IOException Broken(SocketError error) => new($"connection broke: {error}");

    static IOException Broken(Exception error) =>
        new($"connection broke: {(error is SocketException socket ? socket.SocketErrorCode : SocketError.OperationAborted)}", error);
}
