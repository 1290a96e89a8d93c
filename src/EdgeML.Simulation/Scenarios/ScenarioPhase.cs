using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Scenarios;

/// <summary>A stretch of tasks during which link, tail and bounds stay as they are.</summary>
/// <param name="Name">For people, as short as "15 Mbps" or "outage".</param>
/// <param name="FirstTask">Index of its first task, from 0.</param>
/// <param name="Tasks">How many tasks it lasts.</param>
/// <param name="Link">What the link can do.</param>
/// <param name="TailFactor">How many times slower than alone the tail computes; 1 for an idle tail.</param>
/// <param name="Bounds">What the user asks for.</param>
sealed record ScenarioPhase(string Name, int FirstTask, int Tasks, LinkCondition Link, double TailFactor, Requirements Bounds)
{
    /// <summary>Index behind its last task.</summary>
    public int End => FirstTask + Tasks;
}
