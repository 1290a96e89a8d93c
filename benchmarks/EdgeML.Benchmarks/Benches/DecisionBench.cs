using BenchmarkDotNet.Attributes;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Benches;

/// <summary>An exit decides.</summary>
[MemoryDiagnoser]
public class DecisionBench
{
    readonly DecisionSubject _subject = new();

    [Benchmark]
    public float DecidesOverTenClasses()
    {
        _subject.Decide();
        return _subject.Entropy;
    }

    [Benchmark(Baseline = true)]
    public uint NativeCallAlone() => _subject.Nothing();
}
