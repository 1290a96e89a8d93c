using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Scenarios;

/// <summary>One task of a row as it was run: its costs, decision and bounds, and whether the answer was right.</summary>
/// <param name="Record">The measurements.</param>
/// <param name="Decision">Counts the controller's decisions; tasks with the same number make one action interval.</param>
/// <param name="Bounds">The bounds in force when it started.</param>
/// <param name="Correct">Whether the class is the label.</param>
readonly record struct ScenarioTask(TaskRecord Record, int Decision, Requirements Bounds, bool Correct);
