using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Observations;

/// <summary>The input of a controller's decision: averages over the state interval (the last q action intervals), the link, the
/// bounds.</summary>
public struct Observation
{
    /// <summary>Tasks in the state interval; 0 before the first task.</summary>
    public int Tasks;

    /// <summary>L(I_k): mean latency, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>E(I_k): mean energy, joules per task.</summary>
    public double EnergyJ;

    /// <summary>Mean index of the exits that answered, 1..N + 1.</summary>
    public double MeanExit;

    /// <summary>The same over satisfied tasks only; NaN where none was.</summary>
    public double MeanExitSatisfied;

    /// <summary>Share of tasks inside both bounds.</summary>
    public double Satisfaction;

    /// <summary>The link as the client last measured it: CH(I_k), round-trip time, age, tail load.</summary>
    public LinkSnapshot Link;

    /// <summary>The bounds in force now.</summary>
    public Requirements Requirements;

    /// <summary>The policy the last action interval really executed.</summary>
    public ExitPolicy Executed;

    /// <summary>Milliseconds the decision before this one took of its thread, learning on that thread not counted; 0 for the
    /// first.</summary>
    public double DecidedMs;

    /// <summary>Seconds since the session started.</summary>
    public double TimeSeconds;

    /// <summary>The observation, in one line.</summary>
    public override readonly string ToString() => FormattableString.Invariant(
        $"{Tasks} tasks: {LatencyMs:0.00} ms, {EnergyJ:0.0000} J, mean exit {MeanExit:0.00}, satisfied {Satisfaction:0.000}; link {Link}; {Requirements}; {Executed}");
}
