using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Numerics;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The cost of trying every exit in vain against one session that computes the same heads without decisions.</summary>
static class HeadsTarget
{
    public const string Name = "heads";

    const double LargestRatio = 1.02;
    const double LargestMicrosPerRange = 2;
    const int Loads = 15;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        if (models.Vgg16 is { } vgg16) yield return Large(vgg16);
        else yield return TargetRow.Skipped("heads tried and never taken, VGG16", BenchmarkModels.NoVgg16);

        yield return Shipped(models.Shipped);
        using var subject = new NetworkSubject(models.Shipped);
        subject.LoadNoise(1);
        var ranges = Interleaved.Measure(subject.RunRanges, subject.RunWhole, pairs: 300);
        yield return TargetRow.Info(
            "the same with a session per range (BackendOptions.JoinPlans off)",
            $"{ranges.DifferenceMicros / subject.ExtraRanges:0.0} µs, " +
                $"{ranges.QuietDifferenceMicros / subject.ExtraRanges:0.0} of the quickest fifth ({ranges.FirstMicros:0.0} µs)");
        var units = Interleaved.Measure(subject.RunUnits, subject.RunWhole, pairs: 300);
        yield return TargetRow.Info(
            "the same before ranges are fused: a session per unit and head", $"ratio {units.Ratio:0.000} ({units.FirstMicros:0.0} µs)");
    }

    // Sessions run plans as by default.
    static TargetRow Shipped(string package)
    {
        // Where the allocator happens to put a session's memory moves its time by one percent, which is more than what is looked for:
        // the median over several loads.
        var loads = new Interleaved[Loads];
        string name = "";
        int extra = 1;
        for (int i = 0; i < Loads; i++)
        {
            using var subject = new NetworkSubject(package);
            subject.LoadNoise(1);
            (name, extra) = (subject.Manifest.Name, subject.ExtraRanges);
            loads[i] = Interleaved.Measure(subject.RunPlan, subject.RunWhole, pairs: 800);
        }
        double[] perRange = [.. loads.Select(load => load.DifferenceMicros / extra).Order()];
        double median = Statistics.Median(perRange);
        double quiet = Statistics.Median(loads.Select(load => load.QuietDifferenceMicros / extra));
        double all = Statistics.Median(loads.Select(load => load.FirstMicros));
        double whole = Statistics.Median(loads.Select(load => load.SecondMicros));
        return TargetRow.AtMost(
            $"one more range, {name}", median, LargestMicrosPerRange,
            $"{median:0.0} µs ({perRange[0]:0.0}..{perRange[^1]:0.0} over {Loads} loads, {quiet:0.0} of the quickest fifth; " +
                $"all exits {all:0} µs, whole {whole:0} µs, {Loads} x {loads[0].Pairs} pairs)",
            $"<= {LargestMicrosPerRange} µs");
    }

    static TargetRow Large(string package)
    {
        using var subject = new NetworkSubject(package);
        subject.LoadNoise(1);
        var pairs = Interleaved.Measure(subject.RunPlan, subject.RunWhole, pairs: 400);
        return TargetRow.AtMost(
            $"heads tried and never taken, {subject.Manifest.Name}: {subject.ExtraRanges + 1} ranges, decided between them / one session",
            pairs.Ratio, LargestRatio, $"{pairs.Ratio:0.0000} ({pairs.FirstMicros:0} µs / {pairs.SecondMicros:0} µs, {pairs.Pairs} pairs)",
            $"<= {LargestRatio}");
    }
}
