using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Processes;
using EdgeML.Native.Numerics;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Offload;

/// <summary>The cost of an offload when neither link nor model costs anything: 8 KB up and 64 B down between two processes, against plain
/// sockets that move as many bytes and do nothing else.</summary>
static class OffloadPingPong
{
    /// <summary>The hidden first argument that makes the program the other process.</summary>
    public const string ServerArgument = "offload-ping-pong-server";

    const int UpBytes = EchoClient.UpBytes;
    const int DownBytes = 64;

    /// <summary>Measures, in turns so that drift of the machine affects all of them alike.</summary>
    /// <returns>By contender: name and microseconds. The target is 1.5 for the first over the third at the median.</returns>
    public static IReadOnlyList<(string Name, double P50, double P99)> Measure(int rounds = 20, int perRound = 500)
    {
        using ChildProcess server = OwnProgram.Start(ServerArgument);
        int[] ports = [.. server.Line().Split(' ').Select(int.Parse)];
        using var offload = new OffloadSide(ports[0]);
        using var blocking = new BlockingSide(ports[1]);
        using var asynchronous = new AsyncSide(ports[2]);
        var contenders = new (string Name, Func<int, double[]> Round, List<double> Micros)[]
        {
            ("offload, SendAndWait", offload.RoundBlocking, []),
            ("offload, SendAsync", count => offload.RoundAsync(count).GetAwaiter().GetResult(), []),
            ("async socket", count => asynchronous.Round(count).GetAwaiter().GetResult(), []),
            ("blocking socket", blocking.Round, []),
        };
        foreach (var contender in contenders) contender.Round(2000);
        for (int round = 0; round < rounds; round++)
        {
            foreach (var contender in contenders) contender.Micros.AddRange(contender.Round(perRound));
        }
        return [.. contenders.Select(contender =>
        {
            contender.Micros.Sort();
            ReadOnlySpan<double> sorted = CollectionsMarshal.AsSpan(contender.Micros);
            return (contender.Name, Statistics.Quantile(sorted, 0.5), Statistics.Quantile(sorted, 0.99));
        })];
    }

    /// <summary>The other process: an echo tail, a blocking and an async echo; prints three ports and serves to the end of its input.</summary>
    public static int Serve()
    {
        using var tail = new TailServer(EchoClient.Executor, new TailServerOptions());
        using Socket blocking = Listen();
        using Socket asynchronous = Listen();
        new Thread(() => ServeBlocking(blocking)) { IsBackground = true }.Start();
        _ = ServeAsync(asynchronous);
        Console.WriteLine($"{tail.EndPoint.Port} {PortOf(blocking)} {PortOf(asynchronous)}");
        while (Console.In.Read() >= 0)
        {
        }
        return 0;
    }

    static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    static Socket ConnectTo(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    static void ServeBlocking(Socket listener)
    {
        using Socket socket = listener.Accept();
        socket.NoDelay = true;
        byte[] buffer = new byte[UpBytes];
        while (ReceiveAll(socket, buffer)) socket.Send(buffer.AsSpan(0, DownBytes));
    }

    static async Task ServeAsync(Socket listener)
    {
        using Socket socket = await listener.AcceptAsync();
        socket.NoDelay = true;
        byte[] buffer = new byte[UpBytes];
        while (await ReceiveAllAsync(socket, buffer)) await socket.SendAsync(buffer.AsMemory(0, DownBytes));
    }

    static bool ReceiveAll(Socket socket, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int received = socket.Receive(buffer);
            if (received == 0) return false;
            buffer = buffer[received..];
        }
        return true;
    }

    static async ValueTask<bool> ReceiveAllAsync(Socket socket, Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            int received = await socket.ReceiveAsync(buffer);
            if (received == 0) return false;
            buffer = buffer[received..];
        }
        return true;
    }

    static double Micros(long start) => Stopwatch.GetElapsedTime(start).TotalMicroseconds;

    sealed class OffloadSide(int port) : IDisposable
    {
        readonly EchoClient _client = new(port);

        public double[] RoundBlocking(int count)
        {
            double[] micros = new double[count];
            for (int i = 0; i < count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                _client.SendAndWait();
                micros[i] = Micros(start);
            }
            return micros;
        }

        public async Task<double[]> RoundAsync(int count)
        {
            await Task.Yield();
            double[] micros = new double[count];
            for (int i = 0; i < count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                await _client.SendAsync();
                micros[i] = Micros(start);
            }
            return micros;
        }

        public void Dispose() => _client.Dispose();
    }

    sealed class BlockingSide(int port) : IDisposable
    {
        readonly Socket _socket = ConnectTo(port);
        readonly byte[] _up = new byte[UpBytes];
        readonly byte[] _down = new byte[DownBytes];

        public double[] Round(int count)
        {
            double[] micros = new double[count];
            for (int i = 0; i < count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                _socket.Send(_up);
                ReceiveAll(_socket, _down);
                micros[i] = Micros(start);
            }
            return micros;
        }

        public void Dispose() => _socket.Dispose();
    }

    sealed class AsyncSide(int port) : IDisposable
    {
        readonly Socket _socket = ConnectTo(port);
        readonly byte[] _up = new byte[UpBytes];
        readonly byte[] _down = new byte[DownBytes];

        public async Task<double[]> Round(int count)
        {
            await Task.Yield();
            double[] micros = new double[count];
            for (int i = 0; i < count; i++)
            {
                long start = Stopwatch.GetTimestamp();
                await _socket.SendAsync(_up);
                await ReceiveAllAsync(_socket, _down);
                micros[i] = Micros(start);
            }
            return micros;
        }

        public void Dispose() => _socket.Dispose();
    }
}
