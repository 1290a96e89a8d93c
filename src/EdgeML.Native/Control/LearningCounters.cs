namespace EdgeML.Native.Control;

/// <summary>What a learning controller has spent.</summary>
/// <param name="Steps">Gradient updates so far.</param>
/// <param name="BusyMicros">Processor time they took, microseconds in all.</param>
public readonly record struct LearningCounters(long Steps, double BusyMicros);
