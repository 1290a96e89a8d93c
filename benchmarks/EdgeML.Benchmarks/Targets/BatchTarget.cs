using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The gain of a tail that computes requests together, on one thread: requests a second and core against those of one by one.</summary>
static class BatchTarget
{
    public const string Name = "batch";

    const double LeastGain = 1.5;
    const double LeastGainWherePlain = 0.98;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        if (models.Vgg16 is { } vgg16)
            foreach (TargetRow row in Measure(vgg16, LeastGain, pairs: 30)) yield return row;
        else yield return TargetRow.Skipped("requests together / one by one, VGG16", BenchmarkModels.NoVgg16);
        foreach (TargetRow row in Measure(models.Shipped, LeastGainWherePlain, pairs: 200)) yield return row;
    }

    static IEnumerable<TargetRow> Measure(string package, double target, int pairs)
    {
        foreach (bool tries in (bool[])[false, true])
        {
            using var subject = new BatchSubject(package, tries);
            for (int rows = 2; rows <= BatchSubject.MaxBatch; rows *= 2)
            {
                var times = subject.Measure(rows, pairs);
                string what = $"{subject.Name} from cut 0, {(tries ? "every exit tried" : "no exit tried")}, {rows} requests together / one by one";
                string measured = $"{times.Ratio:0.00} times the requests ({1e6 * rows / times.AloneMicros:0} to {1e6 * rows / times.TogetherMicros:0} a second of one core, "
                    + $"{pairs} pairs; found to pay: {subject.Best})";
                yield return rows == BatchSubject.MaxBatch
                    ? TargetRow.AtLeast(what, times.Ratio, target, measured, $">= {target}") : TargetRow.Info(what, measured);
            }
        }
    }
}
