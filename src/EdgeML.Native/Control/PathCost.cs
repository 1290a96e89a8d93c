namespace EdgeML.Native.Control;

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

    /// <summary>What the edge computes when the tail does not answer and it finishes by itself.</summary>
    public double AloneMs;
}
