namespace EdgeML.Native.Control.Costs;

/// <summary>The cost of one path through the network.</summary>
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

    /// <summary>Encoding the tensor on the edge beyond the time of the session's codec; part of the latency, not of
    /// <see cref="EdgeMs"/>.</summary>
    public double EncodeMs;

    /// <summary>Share of the exit's right answers that the tensor's encoding keeps.</summary>
    public double Kept;

    /// <summary>The standby exit, from 1; 0 for none.</summary>
    public int Standby;

    /// <summary>The edge's computing time until its standby exit is ready; 0 for none.</summary>
    public double StandbyMs;

    /// <summary>The edge's computing time when the tail does not answer and it finishes by itself.</summary>
    public double AloneMs;
}
