using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Bottlenecks;

/// <summary>Bottlenecks of several sizes at several cuts.</summary>
static class CutBottlenecks
{
    const int LeastChannels = 8;

    /// <summary>Fits one a cut and ratio, and at the middle ratio plain principal components for comparison. Cuts whose tensor has no
    /// channels worth the name are left out.</summary>
    public static IReadOnlyList<FittedBottleneck> Fit(
        BranchedModel model, SampleReader samples, CodecPlan plan, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        var made = new List<FittedBottleneck>();
        foreach (int cut in plan.Cuts)
        {
            if (cut == 0 || manifest.Units[cut - 1].OutShape is not [>= LeastChannels, _, _]) continue;
            CutStatistics statistics = CutStatistics.Measure(model, samples, cut, plan.FitSamples, plan.FitProbes, cancellation);
            int plain = TensorPayload.Bytes(TensorEncoding.Int8, manifest.BoundaryElements(cut));
            var fit = new BottleneckFit(statistics);
            foreach (int ratio in plan.Ratios)
                if (fit.OfAtMost(plain / ratio) is { Components: > 0 } map) made.Add(new FittedBottleneck(cut, $"bottleneck/{ratio}", map));
            if (plan.TrainEpochs > 0)
                made.AddRange(Train(model, samples, cut, [.. made.Where(each => each.Cut == cut)], plan, cancellation));
            cancellation.ThrowIfCancellationRequested();
            int middle = plan.Ratios[(plan.Ratios.Count - 1) / 2];
            LinearBottleneck plainest = new BottleneckFit(statistics, weighted: false).OfAtMost(plain / middle);
            made.Add(new FittedBottleneck(cut, $"{Components}/{middle}", plainest));
        }
        return made;
    }

    static List<FittedBottleneck> Train(
        BranchedModel model, SampleReader samples, int cut, IReadOnlyList<FittedBottleneck> fitted, CodecPlan plan,
        CancellationToken cancellation)
    {
        var trained = new List<FittedBottleneck>();
        using TailGradient? tail = TailGradient.Of(model.Package, cut);
        if (tail is null) return trained;
        TrainingSamples seen = TrainingSamples.Record(model, samples, cut, plan.FitSamples, cancellation);
        (int done, int all) = (0, fitted.Count * plan.TrainEpochs * seen.Tensors.Count);
        foreach (FittedBottleneck each in fitted)
        {
            LinearBottleneck map = BottleneckTraining.Train(
                each.Map, tail, seen, plan.TrainEpochs, seed: cut, () => plan.Trained?.Invoke(++done, all), cancellation);
            trained.Add(new FittedBottleneck(cut, each.Name.Replace("bottleneck", "trained", StringComparison.Ordinal), map));
        }
        return trained;
    }

    /// <summary>Name of what is measured for comparison only.</summary>
    const string Components = "components";

    /// <summary>Those worth keeping: at most so much lost, and at their cut none smaller that loses no more.</summary>
    /// <param name="made">All of a cut were measured together.</param>
    /// <param name="rows">Measured.</param>
    /// <param name="samples">How many were measured.</param>
    /// <param name="source">What they are.</param>
    /// <param name="maxLoss">Share of answers.</param>
    public static IReadOnlyList<CutBottleneck> WorthKeeping(
        IReadOnlyList<FittedBottleneck> made, IReadOnlyList<CodecRow> rows, int samples, string source, double maxLoss)
    {
        var kept = new List<CutBottleneck>();
        IEnumerable<FittedBottleneck> candidates = made.Where(each => !each.Name.StartsWith(Components, StringComparison.Ordinal));
        foreach (IGrouping<int, FittedBottleneck> cut in candidates.GroupBy(each => each.Cut))
        {
            double least = double.PositiveInfinity;
            foreach (FittedBottleneck each in cut.OrderBy(each => each.Map.PayloadBytes).ThenBy(each => Lost(each, rows)))
            {
                double lost = Lost(each, rows);
                if (lost > maxLoss || lost >= least) continue;
                least = lost;
                kept.Add(CutBottleneck.Of(each.Cut, each.Map, lost, samples, source));
            }
        }
        return kept;
    }

    static double Lost(FittedBottleneck made, IReadOnlyList<CodecRow> rows)
    {
        CodecRow row = rows.Single(row => row.Cut == made.Cut && row.Codec == made.Name);
        // A gain is luck of the samples, nothing to be counted on.
        return double.IsNaN(row.Lost) ? row.Differs : Math.Max(0, row.Lost);
    }
}
