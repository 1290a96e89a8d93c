namespace EdgeML.Native.Control.Learning;

/// <summary>The cost of a learning controller so far.</summary>
/// <param name="Steps">Gradient updates so far.</param>
/// <param name="BusyMicros">Time they took, microseconds in all.</param>
/// <param name="OnCaller">Whether that time was spent within decisions rather than beside them.</param>
public readonly record struct LearningCounters(long Steps, double BusyMicros, bool OnCaller)
{
    /// <summary>The exception that stopped learning on its background thread, one line; null for none. Decisions continue with the last
    /// weights.</summary>
    public string? Fault { get; init; }
}
