using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace EdgeML.Cli.Tests.Observing;

/// <summary>A collector that keeps the names of the metrics it is sent, by HTTP with protobuf.</summary>
sealed class OtlpReceiver : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly HashSet<string> _metrics = [];
    readonly Task _serving;

    public OtlpReceiver()
    {
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public string Address => $"http://{_listener.LocalEndpoint}";

    public string? Path { get; private set; }

    /// <summary>The value of the resource's service.name.</summary>
    public string? Service { get; private set; }

    public string[] Metrics
    {
        get
        {
            lock (_metrics) return [.. _metrics.Order()];
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(20));
    }

    async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }

    /// <summary>One request, after which the connection ends.</summary>
    async Task AnswerAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }
        string[] lines = head.ToString().Split("\r\n");
        string length = lines.First(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase)).Split(':')[1];
        byte[] body = new byte[int.Parse(length, CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body);
        lock (_metrics)
        {
            Path = lines[0].Split(' ')[1];
            Read(body);
        }
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray());
    }

    /// <summary>ExportMetricsServiceRequest: 1 resource metrics { 1 resource, 2 scope metrics { 2 metric { 1 name } } }.</summary>
    void Read(byte[] request)
    {
        foreach (byte[] resourceMetrics in Fields(request, 1))
        {
            foreach (byte[] attribute in Fields(resourceMetrics, 1).SelectMany(resource => Fields(resource, 1)))
                if (Text(attribute, 1) == "service.name") Service = Fields(attribute, 2).Select(value => Text(value, 1)).Single();
            foreach (byte[] metric in Fields(resourceMetrics, 2).SelectMany(scope => Fields(scope, 2))) _metrics.Add(Text(metric, 1));
        }
    }

    static string Text(byte[] message, int number) => Encoding.UTF8.GetString(Fields(message, number).Single());

    static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == number && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                found.Add(input.ReadBytes().ToByteArray());
            else input.SkipLastField();
        }
        return found;
    }
}
