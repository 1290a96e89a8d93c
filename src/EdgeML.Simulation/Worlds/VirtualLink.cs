namespace EdgeML.Simulation.Worlds;

/// <summary>The truth about link and tail at one moment; controllers never see it directly.</summary>
/// <param name="RateBitsPerSecond">Uplink rate; 0 is an outage.</param>
/// <param name="RttMs">Round-trip time, milliseconds.</param>
/// <param name="TailFactor">How many times slower than its profile the tail computes.</param>
/// <param name="TailQueueMs">How long a request waits on the tail.</param>
public readonly record struct VirtualLink(double RateBitsPerSecond, double RttMs, double TailFactor = 1, double TailQueueMs = 0);

/// <summary>Link and tail over virtual time.</summary>
/// <param name="seconds">Since the start of the run.</param>
/// <param name="task">Index of the task that asks, from 0.</param>
public delegate VirtualLink VirtualLinkTrace(double seconds, int task);
