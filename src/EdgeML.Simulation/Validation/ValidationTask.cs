namespace EdgeML.Simulation.Validation;

/// <summary>One task, live or simulated; times in milliseconds.</summary>
/// <param name="Exit">The exit that answered, 1..N + 1.</param>
/// <param name="Offloaded">Whether the tail answered.</param>
/// <param name="LatencyMs">End to end.</param>
/// <param name="EdgeMs">Computing on the edge before the task was sent.</param>
/// <param name="WireMs">On the way, both directions.</param>
/// <param name="TailMs">Computing and waiting on the tail.</param>
readonly record struct ValidationTask(int Exit, bool Offloaded, double LatencyMs, double EdgeMs, double WireMs, double TailMs);
