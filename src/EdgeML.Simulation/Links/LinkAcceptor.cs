using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace EdgeML.Simulation.Links;

/// <summary>The listening end of a link in this process: a thread accepts edges, connects each with the tail and hands both on.</summary>
/// <remarks>All methods may be called from any thread.</remarks>
sealed class LinkAcceptor : IDisposable
{
    const int Queue = 16;

    readonly Socket _listener;
    readonly Func<IPEndPoint> _tail;
    readonly Action<Socket, Socket> _pass;
    readonly int? _bufferBytes;
    readonly Thread _thread;
    volatile bool _stopping;

    /// <summary>Listens at once.</summary>
    /// <param name="name">Of the thread.</param>
    /// <param name="endPoint">Where edges connect to; port 0 for a free one.</param>
    /// <param name="tail">Asked for every new connection.</param>
    /// <param name="pass">Gets the sockets to edge and tail; closed here if it throws.</param>
    /// <param name="bufferBytes">Of a socket's receive buffer; null for the system's.</param>
    /// <exception cref="SocketException">The address is not free.</exception>
    public LinkAcceptor(string name, IPEndPoint endPoint, Func<IPEndPoint> tail, Action<Socket, Socket> pass, int? bufferBytes = null)
    {
        (_tail, _pass, _bufferBytes) = (tail, pass, bufferBytes);
        _listener = Create(endPoint);
        try
        {
            _listener.Bind(endPoint);
            _listener.Listen(Queue);
        }
        catch
        {
            _listener.Dispose();
            throw;
        }
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _thread = new Thread(Accept) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Where edges connect to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Stops listening; no connection is handed on after it.</summary>
    public void Dispose()
    {
        _stopping = true;
        _listener.Dispose();
        _thread.Join();
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Accept()
    {
        while (true)
        {
            try
            {
                Pass(_listener.Accept());
            }
            catch (Exception)
            {
                if (_stopping) return;
                // The tail is not there, the edge gave up, or there are no threads left: its connection was closed, which is all a link
                // would tell it.
            }
        }
    }

    void Pass(Socket edge)
    {
        Socket? tail = null;
        try
        {
            IPEndPoint target = _tail();
            tail = Create(target);
            tail.Connect(target);
            edge.NoDelay = tail.NoDelay = true;
            _pass(edge, tail);
        }
        catch
        {
            edge.Close(0);
            tail?.Dispose();
            throw;
        }
    }

    Socket Create(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (_bufferBytes is { } bytes) socket.ReceiveBufferSize = bytes;
        return socket;
    }
}
