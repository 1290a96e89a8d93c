namespace EdgeML.Simulation.Scenarios;

/// <summary>What the link between edge and tail can do during one task.</summary>
/// <param name="RateBitsPerSecond">Uplink rate; 0 is an outage, in which nothing gets through and connections stall.</param>
/// <param name="RttMs">Round-trip time without transfer, milliseconds.</param>
readonly record struct LinkCondition(double RateBitsPerSecond, double RttMs)
{
    /// <summary>Whether nothing gets through.</summary>
    public bool IsOutage => RateBitsPerSecond <= 0;

    /// <summary>The rate for people.</summary>
    public string RateText => IsOutage ? "outage" : $"{RateBitsPerSecond / 1e6:0.##} Mbps";
}
