namespace EdgeML.Simulation.Worlds;

/// <summary>Link and tail over virtual time.</summary>
/// <param name="seconds">Since the start of the run.</param>
/// <param name="task">Index of the task that asks, from 0.</param>
public delegate VirtualLink VirtualLinkTrace(double seconds, int task);
