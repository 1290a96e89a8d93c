namespace EdgeML.Native.Control.Costs;

/// <summary>The cost model's expectation of a policy, as means over tasks.</summary>
public struct PolicyEstimate
{
    /// <summary>Latency, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>Energy of the edge device, joules per task.</summary>
    public double EnergyJ;

    /// <summary>Share of right answers, late ones included: as <see cref="Judged"/> says by labels, or by agreement with the whole network;
    /// NaN in a decision's explanation where nothing is known of the exits, or the network has no class scores.</summary>
    public double Accuracy;

    /// <summary>The basis of <see cref="Accuracy"/>.</summary>
    public AccuracyBasis Judged;

    /// <summary>Share of tasks inside both bounds.</summary>
    public double Satisfaction;

    /// <summary>Share of tasks that are right and inside both bounds.</summary>
    public double Goodput;

    /// <summary>Bytes sent per task.</summary>
    public double Bytes;

    /// <summary>The same, without an accuracy where it is unknown.</summary>
    internal readonly PolicyEstimate Stated()
    {
        PolicyEstimate stated = this;
        if (Judged is AccuracyBasis.Unknown or AccuracyBasis.NotApplicable) (stated.Accuracy, stated.Goodput) = (double.NaN, double.NaN);
        return stated;
    }

    /// <summary>Standard deviation of one task's energy: exits differ in it.</summary>
    internal double EnergySpreadJ;

    /// <summary>The expectation, in one line.</summary>
    public override readonly string ToString() => FormattableString.Invariant(
        $"{LatencyMs:0.00} ms, {EnergyJ:0.0000} J, accuracy {Accuracy:0.000}, satisfied {Satisfaction:0.000}, {Bytes:0} bytes");
}
