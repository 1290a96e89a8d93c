namespace EdgeML.Native.Control.Loop;

/// <summary>Counts and costs of control so far; a copy taken at one moment.</summary>
public struct ControlCounters
{
    /// <summary>Tasks completed.</summary>
    public long Tasks;

    /// <summary>Tasks whose interval is closed, so that it is known whether they were satisfied.</summary>
    public long JudgedTasks;

    /// <summary>Of those, tasks inside both bounds.</summary>
    public long SatisfiedTasks;

    /// <summary>Policies chosen.</summary>
    public long Decisions;

    /// <summary>Mean time of one decision, microseconds.</summary>
    public double DecideMicrosMean;

    /// <summary>Median over the last 512 decisions, microseconds.</summary>
    public double DecideMicrosMedian;

    /// <summary>Gradient updates.</summary>
    public long LearnSteps;

    /// <summary>Mean time of one update, microseconds.</summary>
    public double LearnMicros;

    /// <summary>Watching tasks, deciding and learning, as a share of the time tasks took; without decisions before the first
    /// task.</summary>
    public double ShareOfTaskTime;

    /// <summary>Share of judged tasks inside both bounds; NaN before the first.</summary>
    public readonly double Satisfaction => JudgedTasks == 0 ? double.NaN : (double)SatisfiedTasks / JudgedTasks;

    /// <summary>The counts in one line.</summary>
    public override readonly string ToString() => FormattableString.Invariant(
        $"{Tasks} tasks, {Decisions} decisions ({DecideMicrosMedian:0.0} µs each), {LearnSteps} learning steps, {(JudgedTasks == 0 ? "none judged" : FormattableString.Invariant($"{100 * Satisfaction:0.0} % of {JudgedTasks} satisfied"))}");
}
