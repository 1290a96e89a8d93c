using System.Diagnostics;
using EdgeML.Benchmarks.Processes;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>This project's tail.</summary>
sealed class TailSubject(string name, string package, ModelManifest manifest, int cut, int maxBatch = 1) : ILoadSubject
{
    static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1), s_lastAnswers = TimeSpan.FromSeconds(20);

    readonly TailProcess _tail = new(package, maxBatch);

    public string Name => name;

    /// <summary>The operating system's number of its process.</summary>
    public int Process => _tail.Id;

    public float[] Logits { get; private set; } = [];

    /// <summary>Connects a device that sends nothing.</summary>
    public Task<LoadClient> ConnectIdleAsync() => LoadClient.ConnectAsync(_tail.Port, manifest, cut, inFlight: 0);

    public LoadResult Drive(int[] inFlight, TimeSpan duration)
    {
        LoadClient[] clients = [.. inFlight.Select(count => LoadClient.ConnectAsync(_tail.Port, manifest, cut, count).GetAwaiter().GetResult())];
        using var stop = new CancellationTokenSource();
        Task[] running = [.. clients.Select(client => Task.Run(() => client.RunAsync(stop.Token)))];
        Thread.Sleep(s_warmUp);
        int[] from = [.. clients.Select(client => client.Latencies.Count)];
        double cpu = ServerFigures.CpuSeconds(_tail.Id);
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(duration);
        int[] to = [.. clients.Select(client => client.Latencies.Count)];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = ServerFigures.CpuSeconds(_tail.Id) - cpu;
        stop.Cancel();
        if (!Task.WhenAll(running).Wait(s_lastAnswers)) throw new InvalidOperationException($"{name}: a device got no answer for {s_lastAnswers.TotalSeconds:0} s");
        Logits = clients[0].Logits;
        LoadResult result = LoadResult.Of(
            [.. clients.SelectMany((client, i) => client.Latencies.GetRange(from[i], to[i] - from[i]))], [.. clients.Select((_, i) => to[i] - from[i])],
            seconds, cpu, clients.Sum(client => client.Refused));
        foreach (LoadClient client in clients) client.Dispose();
        return result;
    }

    public void Dispose() => _tail.Dispose();
}
