using System.Net;
using System.Net.Sockets;

namespace EdgeML.Simulation.Links;

/// <summary>A link that does what it is told to do wrong: listens on loopback, passes bytes on to a tail, and lets one fault at a time strike
/// after a number of bytes, so that a seed decides where a fault strikes and no clock does.</summary>
/// <remarks>All methods may be called from any thread.</remarks>
sealed class FaultyRelay : IDisposable
{
    readonly Action<LinkFault> _onTail;
    readonly Lock _gate = new();
    readonly List<FaultyConnection> _connections = [];
    readonly LinkAcceptor _acceptor;
    LinkFault? _armed;
    int _left;

    /// <summary>Listens at once.</summary>
    /// <param name="tail">Asked for every new connection.</param>
    /// <param name="onTail">Does a fault that strikes the tail itself; on a thread of the relay.</param>
    public FaultyRelay(Func<IPEndPoint> tail, Action<LinkFault> onTail)
    {
        _onTail = onTail;
        _acceptor = new LinkAcceptor("edgeml faults accept", new IPEndPoint(IPAddress.Loopback, 0), tail, Pass);
    }

    /// <summary>Where edges connect to.</summary>
    public IPEndPoint EndPoint => _acceptor.EndPoint;

    /// <summary>Whether a fault is still to strike.</summary>
    public bool IsArmed
    {
        get
        {
            lock (_gate) return _armed is not null;
        }
    }

    /// <summary>Has a fault strike; its bytes count from now on, over connections.</summary>
    public void Arm(LinkFault fault)
    {
        lock (_gate) (_armed, _left) = (fault, fault.AfterBytes);
    }

    /// <summary>Breaks every connection and stops listening.</summary>
    public void Dispose()
    {
        _acceptor.Dispose();
        FaultyConnection[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
            _connections.Clear();
        }
        foreach (FaultyConnection connection in connections) connection.Dispose();
    }

    /// <summary>The armed fault, if it strikes within the next bytes of a direction; it is then no longer armed.</summary>
    /// <param name="upwards">To the tail.</param>
    /// <param name="count">Of the bytes.</param>
    /// <param name="before">How many of them pass first.</param>
    internal LinkFault? Take(bool upwards, int count, out int before)
    {
        lock (_gate)
        {
            before = 0;
            if (_armed is not { } fault || fault.Upwards != upwards) return null;
            if (_left >= count)
            {
                _left -= count;
                return null;
            }
            (before, _armed) = (_left, null);
            return fault;
        }
    }

    /// <summary>A fault strikes the tail.</summary>
    internal void StrikeTail(LinkFault fault) => _onTail(fault);

    void Pass(Socket edge, Socket tail)
    {
        var connection = new FaultyConnection(this, edge, tail);
        lock (_gate)
        {
            foreach (FaultyConnection over in _connections.Where(known => known.IsOver)) over.Dispose();
            _connections.RemoveAll(known => known.IsOver);
            _connections.Add(connection);
        }
        connection.Start();
    }
}
