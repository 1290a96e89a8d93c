using EdgeML.Native.Numerics;

namespace EdgeML.Simulation.Validation;

/// <summary>One policy, live and simulated.</summary>
sealed class ValidationRow
{
    /// <summary>How far the medians may be apart.</summary>
    public const double Tolerance = 0.1;

    readonly ValidationTask[] _live;
    readonly ValidationTask[] _simulated;

    internal ValidationRow(ValidationPolicy policy, ValidationTask[] live, ValidationTask[] simulated) =>
        (Policy, _live, _simulated) = (policy, live, simulated);

    /// <summary>The policy.</summary>
    public ValidationPolicy Policy { get; }

    /// <summary>Its tasks as they ran.</summary>
    public IReadOnlyList<ValidationTask> Live => _live;

    /// <summary>The same tasks simulated.</summary>
    public IReadOnlyList<ValidationTask> Simulated => _simulated;

    /// <summary>Median latency, milliseconds.</summary>
    public double LiveMs => Quantile(_live, 0.5);

    /// <summary>Median latency, milliseconds.</summary>
    public double SimulatedMs => Quantile(_simulated, 0.5);

    /// <summary>Simulated over live median.</summary>
    public double Ratio => SimulatedMs / LiveMs;

    /// <summary>Whether the medians are within the tolerance.</summary>
    public bool Holds => Math.Abs(Ratio - 1) <= Tolerance;

    /// <summary>Live tasks that the tail answered.</summary>
    public int Offloaded => _live.Count(task => task.Offloaded);

    /// <summary>A quantile of latency, milliseconds.</summary>
    /// <param name="tasks">At least one.</param>
    /// <param name="share">0..1.</param>
    public static double Quantile(IReadOnlyList<ValidationTask> tasks, double share)
    {
        double[] sorted = [.. tasks.Select(task => task.LatencyMs).Order()];
        return Statistics.Quantile(sorted, share);
    }

    /// <summary>Median of a part of the latency over the tasks that the tail answered, milliseconds; NaN without any.</summary>
    public static double PartMs(IReadOnlyList<ValidationTask> tasks, Func<ValidationTask, double> part) =>
        Statistics.Median(tasks.Where(task => task.Offloaded).Select(part));

    /// <summary>Policy and both times in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Policy}: {LiveMs:0.00} ms live, {SimulatedMs:0.00} ms simulated, {(Holds ? "holds" : "does not hold")}");
}

/// <summary>One task, live or simulated; times in milliseconds.</summary>
/// <param name="Exit">The exit that answered, 1..N + 1.</param>
/// <param name="Offloaded">Whether the tail answered.</param>
/// <param name="LatencyMs">End to end.</param>
/// <param name="EdgeMs">Computing on the edge before the task was sent.</param>
/// <param name="WireMs">On the way, both directions.</param>
/// <param name="TailMs">Computing and waiting on the tail.</param>
readonly record struct ValidationTask(int Exit, bool Offloaded, double LatencyMs, double EdgeMs, double WireMs, double TailMs);
