namespace EdgeML.Native.Control;

/// <summary>What one way through the network costs.</summary>
struct PathCost
{
    public double LatencyMs;
    public double EdgeMs;
    public double WireMs;
    public double TailMs;
    public double EnergyJ;
    public double Bytes;
    public bool Offloaded;
}
