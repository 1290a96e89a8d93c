using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Bars;

/// <summary>What trying every exit in vain costs against one session that computes the same heads without looking at them.</summary>
static class HeadsBar
{
    public const string Name = "heads";

    const double LargestRatio = 1.02;
    const double LargestMicrosPerRange = 2;

    public static IEnumerable<BarRow> Measure(BenchmarkModels models)
    {
        if (models.Vgg16 is { } vgg16) yield return Large(vgg16);
        else yield return BarRow.Skipped("heads tried and never taken, VGG16", BenchmarkModels.NoVgg16);

        using var subject = new NetworkSubject(models.Shipped);
        subject.LoadNoise(1);
        var ranges = Interleaved.Measure(subject.RunRanges, subject.RunWhole, pairs: 1500);
        double perRange = ranges.DifferenceMicros / subject.ExtraRanges;
        yield return BarRow.AtMost(
            $"one more range, {subject.Manifest.Name}", perRange, LargestMicrosPerRange,
            $"{perRange:0.00} us (all exits {ranges.FirstMicros:0.0} us, whole {ranges.SecondMicros:0.0} us, ratio {ranges.Ratio:0.0000}, {ranges.Pairs} pairs)",
            $"<= {LargestMicrosPerRange} us");
        var units = Interleaved.Measure(subject.RunUnits, subject.RunWhole, pairs: 300);
        yield return BarRow.Info(
            "the same before ranges are fused: a session per unit and head", $"ratio {units.Ratio:0.000} ({units.FirstMicros:0.0} us)");
    }

    static BarRow Large(string package)
    {
        using var subject = new NetworkSubject(package);
        subject.LoadNoise(1);
        var pairs = Interleaved.Measure(subject.RunRanges, subject.RunWhole, pairs: 400);
        return BarRow.AtMost(
            $"heads tried and never taken, {subject.Manifest.Name}: {subject.ExtraRanges + 1} fused ranges / one session", pairs.Ratio, LargestRatio,
            $"{pairs.Ratio:0.0000} ({pairs.FirstMicros:0} us / {pairs.SecondMicros:0} us, {pairs.Pairs} pairs)", $"<= {LargestRatio}");
    }
}
