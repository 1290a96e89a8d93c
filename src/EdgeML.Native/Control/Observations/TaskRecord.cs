using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Observations;

/// <summary>Execution and cost of one task; the only input of learning.</summary>
public struct TaskRecord
{
    /// <summary>Counts up per session.</summary>
    public long TaskId;

    /// <summary>Seconds since the session started, when the task finished.</summary>
    public double TimeSeconds;

    /// <summary>The policy that was really executed.</summary>
    public ExitPolicy Policy;

    /// <summary>The exit that answered, 1..N + 1.</summary>
    public int Exit;

    /// <summary>The class answered.</summary>
    public int Class;

    /// <summary>Normalised entropy of the first side exit tried on the edge, the standby exit included, NaN where none was: a free sample of
    /// how hard the input is. Under the rule <c>patience</c>, of the first one that was tried with those that must agree with it.</summary>
    public float FirstEntropy;

    /// <summary>End to end, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>Computing on the edge, a fallback's part included, milliseconds.</summary>
    public double EdgeMs;

    /// <summary>The part of <see cref="EdgeMs"/> that ran for the standby exit while the task was with the tail, milliseconds.</summary>
    public double StandbyMs;

    /// <summary>Units that ran for the standby exit until the tail's answer was seen.</summary>
    public int StandbyUnits;

    /// <summary>Whether the standby exit was ready in the end.</summary>
    public bool StandbyReady;

    /// <summary>On the way to the tail and back, milliseconds; 0 for a local task.</summary>
    public double WireMs;

    /// <summary>Computing on the tail, milliseconds.</summary>
    public double TailMs;

    /// <summary>Waiting on the tail for a free slot or for earlier requests, milliseconds.</summary>
    public double QueueMs;

    /// <summary>The part of <see cref="QueueMs"/> that the task waited for a free slot on the edge.</summary>
    public double SlotMs;

    /// <summary>Joules of the edge device.</summary>
    public double EnergyJ;

    /// <summary>Bytes sent, headers included.</summary>
    public long BytesSent;

    /// <summary>Uplink rate measured by this task's transfer, in bits per second; NaN where nothing was acknowledged.</summary>
    public double RateBitsPerSecond;

    /// <summary>Whether the tail answered.</summary>
    public bool Offloaded;

    /// <summary>Whether the edge answered a task meant for the tail, by its standby exit or by finishing alone.</summary>
    public bool Fallback;

    /// <summary>The time of the task once it had a slot: all that its policy can do anything about.</summary>
    internal readonly double ServiceMs => LatencyMs - SlotMs;

    /// <summary>Waiting on the tail.</summary>
    internal readonly double TailQueueMs => QueueMs - SlotMs;

    /// <summary>Whether anything was done for a standby exit.</summary>
    internal readonly bool StoodBy => StandbyReady || StandbyUnits > 0;

    /// <summary>The side exit (0-based) that <see cref="FirstEntropy"/> is of, if there is one: the first tried on the edge whose entropy
    /// tells something; -1 for none.</summary>
    /// <param name="rule">Of the exits.</param>
    /// <param name="afterUnits">The unit every exit follows.</param>
    internal readonly int FirstTried(ExitRule rule, ReadOnlySpan<int> afterUnits)
    {
        int first = rule.FirstTelling(Policy.Thresholds);
        if (first >= 0 && (Offloaded || StandbyReady) && afterUnits[first] > Policy.Cut) first = -1;
        // The standby exit is tried alone: where others must agree with it, its u says that they did not run.
        bool standby = StandbyReady && rule.Patience == 1 && Policy.Standby > 0;
        return standby && (first < 0 || Policy.Standby - 1 < first) ? Policy.Standby - 1 : first;
    }

    /// <summary>The task in one line.</summary>
    public override readonly string ToString() => FormattableString.Invariant(
        $"task {TaskId}: class {Class} by exit {Exit}, {(Offloaded ? "tail" : Fallback ? "fallback" : "edge")}, {LatencyMs:0.00} ms, {EnergyJ:0.0000} J, {BytesSent} bytes sent");
}
