namespace EdgeML.Native.Control.Costs;

/// <summary>What one way through the network costs.</summary>
struct PathCost
{
    public double LatencyMs;
    public double EdgeMs;
    public double WireMs;
    public double SendMs;
    public double TailMs;
    public double EnergyJ;
    public double Bytes;
    public bool Offloaded;

    /// <summary>Encoding the tensor on the edge beyond what the session's codec takes; part of the latency, not of
    /// <see cref="EdgeMs"/>.</summary>
    public double EncodeMs;

    /// <summary>What is left of the exit's right answers after the way the tensor was sent.</summary>
    public double Kept;

    /// <summary>The side exit that stands by, from 1; 0 for none.</summary>
    public int Standby;

    /// <summary>What the edge computes in all, when its standby exit is ready; 0 for none.</summary>
    public double StandbyMs;

    /// <summary>What the edge computes when the tail does not answer and it finishes by itself.</summary>
    public double AloneMs;
}
