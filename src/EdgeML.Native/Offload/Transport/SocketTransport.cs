using System.Net.Sockets;

namespace EdgeML.Native.Offload.Transport;

/// <summary>TCP. The socket is non-blocking, so that a full send buffer never holds up the thread that wants an answer by a
/// deadline.</summary>
sealed class SocketTransport : ITransport
{
    readonly Socket _socket;

    public SocketTransport(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.Blocking = false;
    }

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        try
        {
            while (true)
            {
                int received = _socket.Receive(destination, SocketFlags.None, out SocketError error);
                if (error == SocketError.Success) return received;
                if (error != SocketError.WouldBlock) throw Broken(error);
                if (!_socket.Poll(Micros(timeoutMs), SelectMode.SelectRead)) return -1;
            }
        }
        catch (ObjectDisposedException)
        {
            throw Broken(SocketError.OperationAborted);
        }
        catch (SocketException e)
        {
            throw Broken(e.SocketErrorCode);
        }
    }

    public int Send(ReadOnlySpan<byte> source)
    {
        try
        {
            int sent = _socket.Send(source, SocketFlags.None, out SocketError error);
            return error is SocketError.Success or SocketError.WouldBlock ? sent : throw Broken(error);
        }
        catch (ObjectDisposedException)
        {
            throw Broken(SocketError.OperationAborted);
        }
    }

    public bool HasArrivals
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

    public bool WaitWritable(int timeoutMs)
    {
        try
        {
            return _socket.Poll(Micros(timeoutMs), SelectMode.SelectWrite);
        }
        catch (ObjectDisposedException)
        {
            throw Broken(SocketError.OperationAborted);
        }
        catch (SocketException e)
        {
            throw Broken(e.SocketErrorCode);
        }
    }

    public void EndReceive() => Shutdown(SocketShutdown.Receive);

    public void EndSend() => Shutdown(SocketShutdown.Send);

    public void Abort() => _socket.Close(0);

    public void Dispose() => _socket.Dispose();

    void Shutdown(SocketShutdown how)
    {
        try
        {
            _socket.Shutdown(how);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer was quicker: there is nothing left to end.
        }
    }

    static int Micros(int timeoutMs) => timeoutMs < 0 ? -1 : (int)Math.Min(int.MaxValue, timeoutMs * 1000L);

    static IOException Broken(SocketError error) => new($"connection broke: {error}");
}
