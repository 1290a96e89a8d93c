using EdgeML.Native.Control;

namespace EdgeML.Native.Lab.Simulation;

/// <summary>A decision of a virtual run, and where its action interval begins.</summary>
/// <param name="FirstTask">Index of the first task executed under it.</param>
/// <param name="Explanation">What was chosen, expected, and why.</param>
public readonly record struct VirtualDecision(int FirstTask, DecisionExplanation Explanation);
