using BenchmarkDotNet.Attributes;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Benches;

/// <summary>8 KB go to a tail that answers at once, client and server in one process.</summary>
[MemoryDiagnoser]
public class OffloadBench : IDisposable
{
    OffloadSubject? _subject;

    [GlobalSetup]
    public void Connect() => _subject = new OffloadSubject();

    [GlobalCleanup]
    public void Dispose() => _subject?.Dispose();

    [Benchmark(Baseline = true)]
    public void SendsAndWaits() => _subject!.SendAndWait();

    [Benchmark]
    public Task SendsAsync() => _subject!.SendAsync().AsTask();
}
