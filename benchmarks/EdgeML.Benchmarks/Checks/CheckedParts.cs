using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Control.Learning;

namespace EdgeML.Benchmarks.Checks;

/// <summary>The parts that <c>--check</c> goes through.</summary>
static class CheckedParts
{
    const float Tolerance = 1e-4f;

    public static IEnumerable<AllocationCheck> All(BenchmarkModels models)
    {
        yield return new("decision", Decision);
        yield return new("choose-action", () => AllocationCheck.OnThisThread(() => Learner().Act(), 500));
        yield return new("learn-step", Learning);
        yield return new("full-plan", () => FullPlan(models.Shipped));
        yield return new("chain-run", () => ChainRun(models.Shipped));
        yield return new("offload-send-and-wait", Offload);
        yield return new("edge-process-local", () => Local(models.Shipped));
        yield return new("edge-process-offloaded", () => Offloaded(models.Shipped));
    }

    static readonly LearnerSubject s_learner = new();

    static LearnerSubject Learner() => s_learner;

    static double Decision()
    {
        var subject = new DecisionSubject();
        subject.Verify();
        return AllocationCheck.OnThisThread(subject.Decide, 1000);
    }

    static double Learning()
    {
        Learner().Verify();
        return AllocationCheck.OnThisThread(Learner().Learn, 100);
    }

    static double FullPlan(string package)
    {
        var subject = new PlannerSubject(package);
        return AllocationCheck.OnThisThread(() => subject.Plan(), 100);
    }

    static double ChainRun(string package)
    {
        using var subject = new NetworkSubject(package);
        for (int seed = 1; seed <= 3; seed++)
        {
            subject.LoadNoise(seed);
            subject.RunWhole();
            Compare("fused ranges", subject.PlanRun(), subject.WholeLogits);
            Compare("units", subject.UnitsRun(), subject.WholeLogits);
        }
        return AllocationCheck.OnThisThread(subject.RunPlan, 100);
    }

    static double Offload()
    {
        using var subject = new OffloadSubject();
        return AllocationCheck.OnThisThread(subject.SendAndWait, 1000);
    }

    static double Local(string package)
    {
        var result = EdgeProcess.Start(new EdgeRun { Package = package, WarmUp = 1000, Tasks = 10_000, LearningBudget = 0.2 });
        if (result.LearnSteps == 0 || result.Measurements == 0)
            throw new InvalidOperationException(
                $"{result.LearnSteps} learn steps, {result.Measurements} measurements: learner or telemetry is off");
        if (result.Collections > 0)
            throw new InvalidOperationException($"{result.Collections} collections, {result.AllocatedBytesPerTask:0.##} B per task");
        return result.AllocatedBytesPerTask;
    }

    static double Offloaded(string package)
    {
        using var tail = new TailProcess(package);
        var result = EdgeProcess.Start(new EdgeRun
        {
            Package = package,
            WarmUp = 1000,
            Tasks = 2000,
            LearningBudget = 0.2,
            TailPort = tail.Port,
            AlwaysOffload = true,
        });
        if (result.Offloaded < 1800) throw new InvalidOperationException($"{result.Offloaded} of 2000 tasks were answered by the tail");
        if (result.OldCollections > 0)
            throw new InvalidOperationException(
                $"{result.OldCollections} collections of gen 2, {result.AllocatedBytesPerTask:0.##} B per task");
        return result.AllocatedBytesPerTask;
    }

    static void Compare(string what, ReadOnlySpan<float> made, ReadOnlySpan<float> expected)
    {
        for (int i = 0; i < made.Length; i++)
            if (!(MathF.Abs(made[i] - expected[i]) <= Tolerance))
                throw new InvalidOperationException($"{what}: logit {i} is {made[i]}, {expected[i]} expected");
    }
}
