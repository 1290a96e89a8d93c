using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Directions the paper reports among its own rows, each asked in every scenario of the plan that it speaks of.</summary>
/// <remarks>Differences are taken seed by seed: two rows of one seed meet the same inputs and the same jitter.</remarks>
static class SweepDirections
{
    const string Ddpg = PolicyControllers.Ddpg;

    static readonly string[] s_square = [SweepPaperPlan.S2, SweepPaperPlan.S2Epochs, SweepPaperPlan.S2Text];
    static readonly string[] s_series = [SweepPaperPlan.S3, SweepPaperPlan.S3Epochs, SweepPaperPlan.S3Text];

    /// <summary>Every direction, scenario by scenario, as far as its rows ran.</summary>
    public static IReadOnlyList<SweepDirection> All(IReadOnlyList<SweepCellResult> results)
    {
        SweepCellResult[] paper = [.. results.Where(result => result.Cell.Part == SweepPart.Paper)];
        SweepCellResult[] Of(string device, string[] links) =>
            [.. paper.Where(result => result.Cell.Setting.Device == device && links.Contains(result.Cell.Link))];
        SweepCellResult[] square = Of("tx2", s_square), nano = Of("nano", s_square), series = Of("tx2", s_series);
        return
        [
            .. Satisfied("P15", square, Ddpg, BaselineControllers.Neurosurgeon),
            .. Satisfied("P16", square, Ddpg, BaselineControllers.Nsga3),
            .. Satisfied("P16", square, Ddpg, BaselineControllers.Nsga3Stale),
            .. Satisfied("P19", nano, Ddpg, BaselineControllers.Neurosurgeon),
            .. Satisfied("P20", nano, Ddpg, BaselineControllers.Nsga3),
            .. Satisfied("P20", nano, Ddpg, BaselineControllers.Nsga3Stale),
            .. Satisfied("P24", square, Ddpg, PolicyControllers.DdpgLast),
            .. Satisfied("P24", square, PolicyControllers.DdpgLast, PolicyControllers.DdpgFirst),
            .. Rewarded("P24", square, Ddpg, PolicyControllers.DdpgLast),
            .. Rewarded("P24", square, PolicyControllers.DdpgLast, PolicyControllers.DdpgFirst),
            .. Fell("P36 < P35", "latency", series, "ms", period => period.LatencyMs),
            .. Fell("P39 < P38", "frequency", series, "GHz", period => period.Energy),
            .. Transferred(Of("nano", [SweepPaperPlan.S6])),
        ];
    }

    /// <summary>The same as verdicts: a claim holds if it does in every scenario that has room for it.</summary>
    public static IReadOnlyList<SweepVerdict> Judge(IReadOnlyList<SweepCellResult> results) =>
    [
        .. All(results).GroupBy(direction => $"{direction.Paper}: {direction.Claim}").Select(group =>
        {
            SweepDirection[] asked = [.. group.Where(direction => direction.Room || direction.Holds)];
            return new SweepVerdict(group.Key, asked.Count(direction => direction.Holds), asked.Length,
                [.. asked.Where(direction => !direction.Holds).Select(direction =>
                    $"{direction.Scenario} ({direction.Word}): {direction.Numbers}, difference {direction.Difference}")]);
        }),
    ];

    static IEnumerable<SweepDirection> Satisfied(string paper, SweepCellResult[] cells, string above, string below) =>
        Compare(paper, $"{above} satisfies more than {below}", cells, above, below, metrics => metrics.SatisfactionTask);

    static IEnumerable<SweepDirection> Rewarded(string paper, SweepCellResult[] cells, string above, string below) =>
        Compare(paper, $"{above} earns more reward than {below}", cells, above, below, metrics => metrics.Reward);

    static IEnumerable<SweepDirection> Compare(string paper, string claim, SweepCellResult[] cells, string above, string below,
        Func<ReplayMetrics, double> number)
    {
        foreach (SweepCellResult cell in cells)
        {
            if (cell.Find(above) is not { } high || cell.Find(below) is not { } low) continue;
            double[] differences = [.. high.Samples.Zip(low.Samples, (one, other) => number(one.Metrics) - number(other.Metrics))];
            bool room = cell.Rows.Max(Satisfaction) - Satisfaction(low) > SweepCellResult.SaturatedLead;
            yield return Made(paper, claim, cell, high.Of(number).Mean, low.Of(number).Mean, differences, "", room);
        }
    }

    /// <summary>From the first low period of S3 to the second; the larger value is expected first.</summary>
    static IEnumerable<SweepDirection> Fell(
        string paper, string what, SweepCellResult[] cells, string unit, Func<SweepSample.Period, double> number)
    {
        foreach (SweepCellResult cell in cells)
        {
            if (cell.Find(Ddpg) is not { } row) continue;
            double[] differences = [.. row.Samples.Select(sample => number(sample.FirstLow) - number(sample.SecondLow))];
            yield return Made(paper, $"ddpg's {what} falls from the first low period to the second", cell,
                row.Samples.Average(sample => number(sample.FirstLow)), row.Samples.Average(sample => number(sample.SecondLow)),
                differences, unit, true);
        }
    }

    static IEnumerable<SweepDirection> Transferred(SweepCellResult[] cells)
    {
        foreach (SweepCellResult cell in cells)
        {
            if (cell.Find(Ddpg) is not { } scratch) continue;
            foreach (string name in (string[])[SweepTransfer.Mixed, SweepTransfer.Rehearsed])
            {
                if (cell.Find(name) is not { } row) continue;
                SweepDirection Between(string paper, string claim, Func<SweepSample, double> share)
                {
                    double[] differences = [.. row.Samples.Zip(scratch.Samples, (one, other) => share(one) - share(other))];
                    return Made(paper, $"{name} {claim}", cell, row.Samples.Average(share), scratch.Samples.Average(share), differences, "",
                        true);
                }
                yield return Between("P49", "satisfies more than untrained ddpg in the first 200 epochs", sample => sample.FirstEpochs);
                yield return Between(
                    "P50", "satisfies more than untrained ddpg while the link is low", sample => sample.FirstLow.Satisfied);
            }
        }
    }

    static SweepDirection Made(string paper, string claim, SweepCellResult cell, double above, double below, double[] differences,
        string unit, bool room)
    {
        double half = ReplayPool.Interval(differences).HalfWidth;
        return new SweepDirection(paper, claim, cell.Cell, above, below, double.IsFinite(half) ? half : 0, unit, room);
    }

    static double Satisfaction(SweepRow row) => row.Of(metrics => metrics.SatisfactionTask).Mean;
}
