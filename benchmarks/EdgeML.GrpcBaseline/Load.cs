using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Net.Client;

namespace EdgeML.GrpcBaseline;

/// <summary>Devices that keep a number of calls under way, each over its own connection.</summary>
static class Load
{
    static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1);

    /// <param name="port">Of the server.</param>
    /// <param name="server">Its process.</param>
    /// <param name="payload">The cut tensor.</param>
    /// <param name="inFlight">Calls under way of every device.</param>
    /// <param name="duration">Measured, after a second of warm-up.</param>
    public static async Task<LoadReport> RunAsync(int port, int server, byte[] payload, int[] inFlight, TimeSpan duration)
    {
        var message = new CutTensor { Values = ByteString.CopyFrom(payload) };
        Device[] devices = [.. inFlight.Select(_ => new Device(port, message))];
        float[] logits = MemoryMarshal.Cast<byte, float>((await devices[0].Client.FinishAsync(message)).Logits.Span).ToArray();
        using var stop = new CancellationTokenSource();
        Task[] running = [.. devices.SelectMany((device, i) => Enumerable.Range(0, inFlight[i]).Select(_ => Task.Run(() => device.RunAsync(stop.Token))))];
        await Task.Delay(s_warmUp);
        int[] from = [.. devices.Select(device => device.Count)];
        double cpu = CpuSeconds(server);
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(duration);
        int[] to = [.. devices.Select(device => device.Count)];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = CpuSeconds(server) - cpu;
        await stop.CancelAsync();
        await Task.WhenAll(running);
        var report = new LoadReport(
            [.. devices.SelectMany((device, i) => device.Between(from[i], to[i]))], [.. devices.Select((_, i) => to[i] - from[i])], seconds, cpu, logits);
        foreach (Device device in devices) device.Dispose();
        return report;
    }

    static double CpuSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // In ticks of a hundredth, on every Linux .NET runs on.
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    sealed class Device : IDisposable
    {
        readonly GrpcChannel _channel;
        readonly CutTensor _message;
        readonly List<double> _latencies = [];

        public Device(int port, CutTensor message)
        {
            // A handler a device, so that devices do not share a connection.
            _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler(), DisposeHttpClient = true });
            (_message, Client) = (message, new Rest.RestClient(_channel));
        }

        public Rest.RestClient Client { get; }

        public int Count
        {
            get
            {
                lock (_latencies) return _latencies.Count;
            }
        }

        public List<double> Between(int from, int to) => _latencies.GetRange(from, to - from);

        public async Task RunAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                long start = Stopwatch.GetTimestamp();
                await Client.FinishAsync(_message, cancellationToken: CancellationToken.None);
                double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                lock (_latencies) _latencies.Add(milliseconds);
            }
        }

        public void Dispose() => _channel.Dispose();
    }
}
