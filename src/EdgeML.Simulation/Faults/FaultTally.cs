using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Numerics;
using EdgeML.Native.Telemetry;

namespace EdgeML.Simulation.Faults;

/// <summary>Counts over the tasks of one or more devices.</summary>
sealed class FaultTally
{
    const int MostComplaints = 8;

    readonly List<double> _latencies = [];
    readonly SortedDictionary<FallbackReason, long> _reasons = [];

    /// <summary>Tasks that were begun.</summary>
    public long Begun { get; set; }

    /// <summary>Tasks that got an answer.</summary>
    public long Answered { get; private set; }

    /// <summary>Of these, by the tail.</summary>
    public long Offloaded { get; private set; }

    /// <summary>Tasks that were meant for the tail and answered here, by the reason.</summary>
    public IReadOnlyDictionary<FallbackReason, long> Reasons => _reasons;

    /// <summary>Answers of another class or exit than the local network's, and tasks without an answer.</summary>
    public long Wrong { get; private set; }

    /// <summary>The first few of <see cref="Wrong"/>, in words.</summary>
    public List<string> Complaints { get; } = [];

    public void Count(in TaskResult result)
    {
        _latencies.Add(result.LatencyMs);
        Answered++;
        if (result.Offloaded) Offloaded++;
        if (result.Fallback) _reasons[result.FallbackReason] = _reasons.GetValueOrDefault(result.FallbackReason) + 1;
    }

    public void Complain(string complaint)
    {
        Wrong++;
        if (Complaints.Count < MostComplaints) Complaints.Add(complaint);
    }

    public void Add(FaultTally other)
    {
        AddCounts(other);
        _latencies.AddRange(other._latencies);
    }

    /// <summary>Adds all but the latencies, whose number would grow for as long as a run lasts.</summary>
    public void AddCounts(FaultTally other)
    {
        Begun += other.Begun;
        Answered += other.Answered;
        Offloaded += other.Offloaded;
        Wrong += other.Wrong;
        Complaints.AddRange(other.Complaints.Take(MostComplaints - Complaints.Count));
        foreach ((FallbackReason reason, long count) in other._reasons) _reasons[reason] = _reasons.GetValueOrDefault(reason) + count;
    }

    /// <summary>Latencies at some shares of the tasks, milliseconds.</summary>
    public double[] Quantiles(params IEnumerable<double> shares)
    {
        double[] sorted = [.. _latencies];
        Array.Sort(sorted);
        return [.. shares.Select(share => Statistics.Quantile(sorted, share))];
    }

    /// <summary>Share of the tasks whose latency is within a limit, milliseconds.</summary>
    public double ShareWithin(double limitMs) => (double)_latencies.Count(latency => latency <= limitMs) / Math.Max(1, _latencies.Count);
}
