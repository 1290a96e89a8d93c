using System.Globalization;
using System.Text;
using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Faults;

/// <summary>Counts and latencies of a <see cref="FaultCampaign"/>.</summary>
sealed class FaultReport
{
    /// <summary>By how much an answer may miss its deadline: the aim is that 99.9 % do not miss it by more.</summary>
    public const double SlackMs = 5;

    /// <summary>The request.</summary>
    public required FaultSettings Settings { get; init; }

    /// <summary>Faults by kind.</summary>
    public SortedDictionary<LinkFaultKind, int> Struck { get; } = [];

    /// <summary>Tasks while faults struck.</summary>
    public FaultTally Faulty { get; } = new();

    /// <summary>Tasks over the same links without faults.</summary>
    public FaultTally Calm { get; } = new();

    /// <summary>Answers of tails that contradicted themselves; no fault of a link may lead to one.</summary>
    public required long Contradictions { get; init; }

    /// <summary>Exceptions of background threads, which a link cannot cause.</summary>
    public required IReadOnlyList<string> BackgroundFaults { get; init; }

    /// <summary>Tails that ended without being killed.</summary>
    public required IReadOnlyList<string> TailDeaths { get; init; }

    /// <summary>Faults of the product, one line each; empty where all is well.</summary>
    public IEnumerable<string> Complaints()
    {
        if (Struck.Values.Sum() != Settings.Faults) yield return $"{Struck.Values.Sum()} faults struck, not {Settings.Faults}";
        foreach (FaultTally tally in (FaultTally[])[Faulty, Calm])
        {
            if (tally.Begun != tally.Answered) yield return $"{tally.Begun} tasks were begun, {tally.Answered} answered";
            if (tally.Wrong > 0) yield return $"{tally.Wrong} answers are wrong";
            foreach (string complaint in tally.Complaints) yield return complaint;
        }
        if (Contradictions > 0) yield return $"{Contradictions} answers contradicted themselves";
        foreach (string fault in BackgroundFaults) yield return $"background: {fault}";
        foreach (string death in TailDeaths) yield return $"a tail ended by itself: {death}";
    }

    /// <summary>All of it, for people.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Struck.Values.Sum()} faults on {Settings.Devices} devices{(Settings.Tls is null ? "" : " over TLS")}, seed {Settings.Seed}, deadline {Settings.DeadlineMs} ms");
        text.AppendLine($"  {Counts(Struck)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"{Faulty.Begun} tasks, {Faulty.Answered} answered once, {Faulty.Wrong} wrong; {Faulty.Offloaded} by the tail");
        text.AppendLine($"  answered by the device instead: {Counts(Faulty.Reasons)}");
        text.AppendLine();
        text.AppendLine("| latency, ms | p50 | p99 | p99.9 | largest | within the deadline + 5 ms |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|");
        Append(text, "with faults", Faulty);
        Append(text, "without", Calm);
        return text.ToString();
    }

    void Append(StringBuilder text, string name, FaultTally tally)
    {
        double[] at = tally.Quantiles(0.5, 0.99, 0.999, 1);
        text.AppendLine(CultureInfo.InvariantCulture, $"| {name}, {tally.Answered} tasks | {at[0]:0.00} | {at[1]:0.00} | {at[2]:0.00} | {at[3]:0.00} | {100 * tally.ShareWithin(Settings.DeadlineMs + SlackMs):0.000} % |");
    }

    static string Counts<TKey, TCount>(IEnumerable<KeyValuePair<TKey, TCount>> counts) => string.Join(", ", counts.Select(count => $"{count.Key} {count.Value}"));
}
