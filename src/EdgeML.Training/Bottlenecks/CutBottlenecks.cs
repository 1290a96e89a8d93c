using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Training.Data;

namespace EdgeML.Training.Bottlenecks;

/// <summary>Bottlenecks of several sizes at several cuts.</summary>
static class CutBottlenecks
{
    const int LeastChannels = 8;

    /// <summary>Name of the bottleneck that is measured for comparison only.</summary>
    const string Components = "components";

    /// <summary>Fits one per cut and ratio, and at the middle ratio plain principal components for comparison. Cuts whose tensor has
    /// too few channels are left out.</summary>
    public static IReadOnlyList<FittedBottleneck> Fit(
        BranchedModel model, SampleReader samples, CodecPlan plan, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        var made = new List<FittedBottleneck>();
        foreach (int cut in plan.Cuts)
        {
            if (cut == 0 || manifest.Units[cut - 1].OutShape is not [>= LeastChannels, _, _]) continue;
            CutSamples seen = CutSamples.Record(model, samples, cut, plan.FitSamples, cancellation);
            CutStatistics statistics = CutStatistics.Of(seen, manifest.Units[cut - 1].OutShape, seed: cut);
            using var tail = new CutTail(model, cut);
            using TailGradient? gradient = TailGradient.Of(model.Package, cut);
            var plain = new BottleneckFit(statistics);
            List<BottleneckFit> fits = [plain, .. Weighted(model, cut, seen, statistics, tail, gradient, plan, cancellation)];
            int bytes = checked((int)PayloadSize.Sent(manifest, cut, TensorEncoding.Int8));
            int trained = 0;
            foreach (int ratio in plan.Ratios)
            {
                cancellation.ThrowIfCancellationRequested();
                LinearBottleneck map = fits.Select(fit => fit.OfAtMost(bytes / ratio)).MinBy(each => tail.Loss(each, seen))!;
                if (map.Components == 0) continue;
                made.Add(new FittedBottleneck(cut, $"bottleneck/{ratio}", map));
                if (plan.TrainEpochs == 0 || gradient is null) continue;
                int all = plan.Ratios.Count * plan.TrainEpochs * seen.Fitting.Length;
                LinearBottleneck moved = BottleneckTraining.Train(
                    map, gradient, seen, plan.TrainEpochs, seed: cut, () => plan.Trained?.Invoke(++trained, all), cancellation);
                made.Add(new FittedBottleneck(cut, $"trained/{ratio}", moved));
            }
            int middle = plan.Ratios[(plan.Ratios.Count - 1) / 2];
            made.Add(new FittedBottleneck(cut, $"{Components}/{middle}", plain.OfAtMost(bytes / middle)));
        }
        return made;
    }

    /// <summary>Fits in every available metric of the network's sensitivity.</summary>
    static IEnumerable<BottleneckFit> Weighted(
        BranchedModel model, int cut, CutSamples seen, CutStatistics statistics, CutTail tail, TailGradient? gradient, CodecPlan plan,
        CancellationToken cancellation)
    {
        double[]? next = NextLayer.Metric(model.Package, cut, statistics.Patches);
        if (next is not null)
        {
            // How much the next layer says of the whole network's answer differs from cut to cut.
            yield return new BottleneckFit(statistics, next, even: 0.1);
            yield return new BottleneckFit(statistics, next, even: 0.5);
        }
        if (gradient is not null)
            yield return new BottleneckFit(
                statistics,
                ScoreGradients.Metric(gradient, seen, statistics.Patches, plan.FitGradients, seed: cut, cancellation), even: 0.3);
        else if (next is null)
            yield return new BottleneckFit(
                statistics, ScoreProbes.Metric(tail, seen, statistics.Patches, plan.FitProbes, seed: cut, cancellation), even: 0.1);
    }

    /// <summary>The bottlenecks to keep: each loses at most the given share, and no smaller one at its cut loses as little.</summary>
    /// <param name="made">All of a cut were measured together.</param>
    /// <param name="rows">Measured.</param>
    /// <param name="samples">How many were measured.</param>
    /// <param name="source">Their name.</param>
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
        // A gain is noise of the samples; it is not counted.
        return double.IsNaN(row.Lost) ? row.Differs : Math.Max(0, row.Lost);
    }
}
