namespace EdgeML.Simulation.Links;

/// <summary>The state of a link from one moment until the next level begins.</summary>
/// <param name="Seconds">Since the start of the trace.</param>
/// <param name="Mbps">Megabits per second in each direction; 0 is an outage.</param>
/// <param name="RttMs">Round-trip time without transfer; NaN where the trace does not give it.</param>
/// <param name="TailFactor">How much longer the tail computes; 1 where the trace does not give it.</param>
public readonly record struct LinkLevel(double Seconds, double Mbps, double RttMs, double TailFactor);
