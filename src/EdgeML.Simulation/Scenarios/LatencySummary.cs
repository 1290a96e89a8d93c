namespace EdgeML.Simulation.Scenarios;

/// <summary>Latency of many tasks, milliseconds.</summary>
readonly record struct LatencySummary(double Mean, double P50, double P99, double P999);
