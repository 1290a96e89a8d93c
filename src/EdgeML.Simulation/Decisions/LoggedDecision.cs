using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Decisions;

/// <summary>A decision of a controller, its expectation, and the measurements while it was in force.</summary>
/// <param name="FirstTask">Index of the first task after it.</param>
/// <param name="Explanation">Choice, expectation and reason.</param>
/// <param name="Bounds">The bounds it was made for.</param>
/// <param name="Measured">Means of its tasks; numbers are NaN where there was none, accuracy where there are no labels. Satisfaction is by
/// the task's own latency and the energy of the state interval: this decision's tasks and those of the two before.</param>
/// <param name="Tasks">Tasks that finished while it was in force.</param>
public readonly record struct LoggedDecision(
    int FirstTask, DecisionExplanation Explanation, Requirements Bounds, PolicyEstimate Measured, int Tasks);
