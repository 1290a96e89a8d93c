using System.Globalization;
using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Says why a direction of the paper does not show in a scenario: a sentence, and the numbers that decide it.</summary>
/// <param name="Sentence">The same wherever the reason is the same.</param>
/// <param name="Numbers">Of this scenario.</param>
sealed record SweepReason(string Sentence, string Numbers)
{
    public static SweepReason None { get; } = new("", "");

    /// <summary>Why another device's transitions do not help.</summary>
    public static SweepReason OfTransfer { get; } =
        new("the source's transitions have left the batches by then, their share is 0 after 300 decisions; what they leave behind helps at the " +
            "start and not here", "see the numbers above");

    /// <summary>Why a row does not lead another one.</summary>
    public static SweepReason Of(SweepCellResult cell, SweepRow above, SweepRow below)
    {
        string satisfied = $"{below.Controller} satisfies {Share(below)}, {above.Controller} {Share(above)}";
        if (below.Controller == BaselineControllers.Neurosurgeon)
        {
            return new("without exits, one cut keeps both bounds at either rate; it is found on an exact profile at the known mean link, and " +
                "never left. Tensors as large as the paper's program sends them, or a tighter bound, leave no such cut",
                Invariant($"{satisfied}, at cut {below.Of(m => m.MeanCut).Mean:0.#} with {below.Of(m => m.MeanLatencyMs).Mean:0} ms and ") +
                Invariant($"{below.Of(m => m.Energy).Mean:0.00} GHz"));
        }
        if (above.Controller == PolicyControllers.DdpgLast && below.Controller == PolicyControllers.DdpgFirst)
        {
            return new("both choose one threshold from the same range with the same learner and differ only in which of its outputs is read, " +
                "so nothing but the seeds tells them apart; the paper rounds thresholds down or up, which presumes that they ascend",
                satisfied);
        }
        string epochs = Invariant($"in {cell.Cell.Scenario.Tasks / above.Of(m => m.MeanInterval).Mean:0} decisions");
        string stale = below.Controller == BaselineControllers.Nsga3 && cell.Find(BaselineControllers.Nsga3Stale) is { } other
            ? $"; nsga3-stale satisfies {Share(other)}"
            : "";
        return new("NSGA-III runs its best member for as many intervals as a generation took, and unless stale measures the oldest again, " +
            "which the paper does not say of its own; ddpg explores from nothing, with noise whose standard deviation is 0.37 of every range at first",
            $"{satisfied} {epochs}{stale}");
    }

    /// <summary>Why latency or energy does not fall from the first low period to the second.</summary>
    public static SweepReason OfPeriods(SweepCellResult cell, SweepRow row, bool energy)
    {
        double Of(Func<SweepSample, double> number) => row.Samples.Average(number);
        double first = energy ? Of(sample => sample.FirstLow.Energy) : Of(sample => sample.FirstLow.LatencyMs);
        double bound = energy ? cell.Cell.Setting.Ghz : cell.Cell.Setting.LatencyMs;
        string paper = energy ? "1.36 of 1.2 GHz" : "251 of 100 ms";
        string sentence = first < bound
            ? "the first low period is inside the bound already, so nothing asks for less, and learning earns its reward at later exits, which " +
                $"compute longer; the paper starts above its bound ({paper})"
            : "the first low period is outside the bound and learning does not change that";
        return new(sentence,
            Invariant($"{100 * first / bound:0} % of the bound at first; satisfied {100 * Of(s => s.FirstLow.Satisfied):0.0} %, then ") +
            Invariant($"{100 * Of(s => s.SecondLow.Satisfied):0.0} %; mean exit {Of(s => s.FirstLow.Exit):0.00}, then ") +
            Invariant($"{Of(s => s.SecondLow.Exit):0.00}"));
    }

    static string Share(SweepRow row)
    {
        (double mean, double half) = row.Of(metrics => metrics.SatisfactionTask);
        return half >= 0.0005 ? Invariant($"{100 * mean:0.0} +- {100 * half:0.0} %") : Invariant($"{100 * mean:0.0} %");
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
