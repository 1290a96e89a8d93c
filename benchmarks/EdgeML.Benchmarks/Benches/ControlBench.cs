using BenchmarkDotNet.Attributes;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Benches;

/// <summary>The learner acts and learns.</summary>
[MemoryDiagnoser]
public class ControlBench
{
    readonly LearnerSubject _subject = new();
    PlannerSubject? _planner;

    [GlobalSetup]
    public void Load()
    {
        using var models = new BenchmarkModels(new Options());
        _planner = new PlannerSubject(models.Shipped);
    }

    [Benchmark]
    public int MakesFullPlan() => _planner!.Plan();

    [Benchmark]
    public int ChoosesAction() => _subject.Act().Cut;

    [Benchmark]
    public float LearnsFromBatch()
    {
        _subject.Learn();
        return _subject.Loss;
    }
}
