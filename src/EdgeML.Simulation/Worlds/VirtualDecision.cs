using EdgeML.Native.Control.Planning;

namespace EdgeML.Simulation.Worlds;

/// <summary>A decision of a virtual run, and where its action interval begins.</summary>
/// <param name="FirstTask">Index of the first task executed under it.</param>
/// <param name="Explanation">What was chosen, expected, and why.</param>
public readonly record struct VirtualDecision(int FirstTask, DecisionExplanation Explanation);
