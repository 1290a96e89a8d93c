namespace EdgeML.Native.Control;

/// <summary>What the cost model expects of a policy, as means over tasks.</summary>
public struct PolicyEstimate
{
    /// <summary>Latency, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>Energy of the edge device, joules a task.</summary>
    public double EnergyJ;

    /// <summary>Share of right answers, late ones included.</summary>
    public double Accuracy;

    /// <summary>Share of tasks inside both bounds.</summary>
    public double Satisfaction;

    /// <summary>Share of tasks that are right and inside both bounds.</summary>
    public double Goodput;

    /// <summary>Bytes sent a task.</summary>
    public double Bytes;

    /// <summary>Standard deviation of one task's energy: exits differ in it.</summary>
    internal double EnergySpreadJ;
}
