using EdgeML.Native.Control;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>Directions the paper reports among its own rows, on its scenarios as it ran them.</summary>
public static class MatrixDirections
{
    /// <summary>Every direction that can be asked of these cells, by the paper's number.</summary>
    public static IReadOnlyList<MatrixVerdict> Judge(IReadOnlyList<MatrixCellResult> results)
    {
        MatrixCellResult[] paper = [.. results.Where(cell => cell.Cell.Part == MatrixPart.Paper)];
        MatrixCellResult[] Of(string link, string device) => [.. paper.Where(c => c.Cell.Link == link && c.Cell.Setting.Device == device)];
        return
        [
            More("P15: ddpg satisfies more than neurosurgeon, S2, TX2", Of("S2", "tx2"), "ddpg", "neurosurgeon"),
            More("P16: ddpg satisfies more than nsga3, S2, TX2", Of("S2", "tx2"), "ddpg", "nsga3"),
            More("P19: ddpg satisfies more than neurosurgeon, S2, Nano", Of("S2", "nano"), "ddpg", "neurosurgeon"),
            More("P20: ddpg satisfies more than nsga3, S2, Nano", Of("S2", "nano"), "ddpg", "nsga3"),
            More("P24: ddpg satisfies more than ddpg-tl, S2, TX2", Of("S2", "tx2"), "ddpg", "ddpg-tl"),
            More("P24: ddpg-tl satisfies more than ddpg-t1, S2, TX2", Of("S2", "tx2"), "ddpg-tl", "ddpg-t1"),
            Rewarded("P24: ddpg earns more reward than ddpg-tl, S2, TX2", Of("S2", "tx2"), "ddpg", "ddpg-tl"),
            Rewarded("P24: ddpg-tl earns more reward than ddpg-t1, S2, TX2", Of("S2", "tx2"), "ddpg-tl", "ddpg-t1"),
            Less("P36 < P35: ddpg's latency falls from the first low period to the second, S3, TX2", Of("S3", "tx2"), "ms",
                period => period.LatencyMs),
            Less("P39 < P38: ddpg's frequency falls from the first low period to the second, S3, TX2", Of("S3", "tx2"), "GHz",
                period => period.Energy),
        ];
    }

    static MatrixVerdict More(string demand, MatrixCellResult[] cells, string above, string below) =>
        Compare(demand, cells, above, below, row => row.Of(metrics => metrics.SatisfactionTask).Mean);

    static MatrixVerdict Rewarded(string demand, MatrixCellResult[] cells, string above, string below) =>
        Compare(demand, cells, above, below, row => row.Of(metrics => metrics.Reward).Mean);

    static MatrixVerdict Compare(string demand, MatrixCellResult[] cells, string above, string below, Func<MatrixRow, double> number)
    {
        (int held, int asked) = (0, 0);
        var failures = new List<string>();
        foreach (MatrixCellResult cell in cells)
        {
            if (cell.Find(above) is not { } high || cell.Find(below) is not { } low) continue;
            asked++;
            if (number(high) > number(low)) held++;
            else failures.Add(FormattableString.Invariant($"{above} {number(high):0.000}, {below} {number(low):0.000}{Remark(cell)}"));
        }
        return new MatrixVerdict(demand, held, asked, failures);
    }

    static string Remark(MatrixCellResult cell) => FormattableString.Invariant(
        $" ({(cell.Saturated ? "saturated" : "not saturated")}: the oracle leads the best rival, {cell.BestRival.Controller}, by ") +
        FormattableString.Invariant($"{100 * (cell.Oracle.Goodput - cell.BestRival.Goodput):0.0} points of goodput)");

    static MatrixVerdict Less(string demand, MatrixCellResult[] cells, string unit, Func<MatrixSample.Period, double> number)
    {
        (int held, int asked) = (0, 0);
        var failures = new List<string>();
        foreach (MatrixCellResult cell in cells)
        {
            if (cell.Find(PolicyControllers.Ddpg) is not { } row) continue;
            asked++;
            double first = row.Samples.Average(sample => number(sample.FirstLow));
            double second = row.Samples.Average(sample => number(sample.SecondLow));
            if (second < first) held++;
            else failures.Add(FormattableString.Invariant($"{first:0.000} {unit}, then {second:0.000} {unit}{Remark(cell)}"));
        }
        return new MatrixVerdict(demand, held, asked, failures);
    }
}
