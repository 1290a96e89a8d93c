using System.Net;
using System.Net.Sockets;

namespace EdgeML.Server.Transport;

/// <summary>A client's bytes over a non-blocking socket: what is the same with and without encryption.</summary>
abstract class SocketStream : ClientStream
{
    /// <param name="socket">Connected; disposed with the stream.</param>
    protected SocketStream(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
        socket.Blocking = false;
        Remote = socket.RemoteEndPoint;
    }

    public override EndPoint? Remote { get; }

    public override bool HasArrivals
    {
        get
        {
            if (MayHaveBytes) return true;
            try
            {
                return Socket.Available > 0;
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException)
            {
                // A broken connection is noticed by the next receive.
                return true;
            }
        }
    }

    protected Socket Socket { get; }

    /// <summary>Whether bytes may have been taken from the socket that were not received yet.</summary>
    protected virtual bool MayHaveBytes => false;

    public override bool Poll(TimeSpan limit)
    {
        if (MayHaveBytes) return true;
        try
        {
            return Socket.Poll(limit, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Broken(e);
        }
    }

    public override void EndReceive() => Shutdown(SocketShutdown.Receive);

    public override void EndSend() => Shutdown(SocketShutdown.Send);

    public override void Abort() => Socket.Close(0);

    protected override void Dispose(bool disposing) => Socket.Dispose();

    protected static IOException Broken(Exception error)
    {
        Exception cause = error is SocketException ? error : error.InnerException ?? error;
        string reason = cause switch
        {
            SocketException socket => $"{socket.SocketErrorCode}",
            ObjectDisposedException => $"{SocketError.OperationAborted}",
            _ => cause.Message,
        };
        return new IOException($"connection broke: {reason}", error);
    }

    void Shutdown(SocketShutdown how)
    {
        try
        {
            Socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client was quicker: there is nothing left to end.
        }
    }
}
