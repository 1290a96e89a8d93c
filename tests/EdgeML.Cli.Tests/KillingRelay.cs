using System.Net;
using System.Net.Sockets;

namespace EdgeML.Cli.Tests;

/// <summary>Stands between a run and its tails: passes bytes on, and in the middle of a request kills the tail in use and continues with
/// the next one. When that happens depends on what was sent and not on a clock.</summary>
sealed class KillingRelay : IDisposable
{
    /// <summary>About what a request of cut 4 of the shipped network puts on the wire.</summary>
    public const int BytesOfCut4 = 36_864;

    readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    readonly List<TailProcess> _tails = [];
    readonly int[] _killAfter;
    readonly Thread _thread;
    Socket? _client;
    int _kills;

    /// <param name="model">Package of the tails, which are ready when the constructor returns.</param>
    /// <param name="killAfter">Bytes after which the first, second, ... tail is killed; there is one tail more.</param>
    public KillingRelay(string model, int[] killAfter)
    {
        _killAfter = killAfter;
        while (_tails.Count <= killAfter.Length) _tails.Add(new TailProcess(model));
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = _listener.LocalEndPoint!.ToString()!;
        _thread = new Thread(Accept) { IsBackground = true };
        _thread.Start();
    }

    public string Address { get; }

    public int Kills => Volatile.Read(ref _kills);

    public void Dispose()
    {
        _listener.Dispose();
        Volatile.Read(ref _client)?.Dispose();
        _thread.Join();
        foreach (TailProcess tail in _tails) tail.Dispose();
    }

    void Accept()
    {
        try
        {
            while (true)
            {
                using Socket client = _listener.Accept();
                Volatile.Write(ref _client, client);
                try
                {
                    Pass(client);
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    // The run or the tail has left.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    void Pass(Socket client)
    {
        using var tail = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        tail.Connect(IPEndPoint.Parse(_tails[Kills].Address));
        var back = new Thread(() => Copy(tail, client)) { IsBackground = true };
        back.Start();
        byte[] buffer = new byte[64 << 10];
        long sent = 0;
        while (client.Receive(buffer) is > 0 and int count)
        {
            sent += count;
            if (Kills < _killAfter.Length && sent > _killAfter[Kills])
            {
                _tails[Kills].Kill();
                Interlocked.Increment(ref _kills);
                break;
            }
            tail.Send(buffer, count, SocketFlags.None);
        }
        client.Close(0);
        tail.Close(0);
        back.Join();
    }

    static void Copy(Socket from, Socket to)
    {
        try
        {
            byte[] buffer = new byte[64 << 10];
            while (from.Receive(buffer) is > 0 and int count) to.Send(buffer, count, SocketFlags.None);
            to.Close();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other direction has ended.
        }
    }
}
