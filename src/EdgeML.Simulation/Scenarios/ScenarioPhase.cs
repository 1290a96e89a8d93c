using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Scenarios;

/// <summary>A stretch of tasks during which link, tail and bounds stay as they are.</summary>
/// <param name="Name">For people, as short as "15 Mbps" or "outage".</param>
/// <param name="FirstTask">Index of its first task, from 0.</param>
/// <param name="Tasks">How many tasks it lasts.</param>
/// <param name="Link">The state of the link.</param>
/// <param name="TailFactor">How many times slower than alone the tail computes; 1 for an idle tail.</param>
/// <param name="Bounds">The user's bounds.</param>
sealed record ScenarioPhase(string Name, int FirstTask, int Tasks, LinkCondition Link, double TailFactor, Requirements Bounds)
{
    /// <summary>One past its last task.</summary>
    public int End => FirstTask + Tasks;
}

/// <summary>The state of the link between edge and tail during one task.</summary>
/// <param name="RateBitsPerSecond">Uplink rate; 0 is an outage, in which nothing gets through and connections stall.</param>
/// <param name="RttMs">Round-trip time without transfer, milliseconds.</param>
readonly record struct LinkCondition(double RateBitsPerSecond, double RttMs)
{
    /// <summary>Whether nothing gets through.</summary>
    public bool IsOutage => RateBitsPerSecond <= 0;

    /// <summary>The rate for people.</summary>
    public string RateText => IsOutage ? "outage" : $"{RateBitsPerSecond / 1e6:0.##} Mbps";
}
