using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Costs;

/// <summary>The cost model's assumptions about link, tail and edge; everything a planner has learned.</summary>
public struct PlanningConditions
{
    /// <summary>Whether a tail can be reached; without one only the local cut is possible.</summary>
    public bool LinkUp;

    /// <summary>Uplink rate, in bits per second.</summary>
    public double RateBitsPerSecond;

    /// <summary>Round-trip time, milliseconds.</summary>
    public double RttMs;

    /// <summary>Tail computing time over its profile.</summary>
    public double TailFactor;

    /// <summary>Waiting on the tail, milliseconds.</summary>
    public double TailQueueMs;

    /// <summary>Edge computing time over its profile.</summary>
    public double EdgeFactor;

    /// <summary>Energy measured over energy modelled.</summary>
    public double EnergyFactor;

    /// <summary>Added to every local answer, milliseconds.</summary>
    public double LocalOverheadMs;

    /// <summary>Added to every answer of the tail, milliseconds.</summary>
    public double RemoteOverheadMs;

    /// <summary>Half width of the range of a local latency, as a share of the bound.</summary>
    public double LocalMargin;

    /// <summary>The same for an answer of the tail.</summary>
    public double RemoteMargin;

    /// <summary>The same for mean energy.</summary>
    public double EnergyMargin;

    /// <summary>Tasks over which energy is averaged.</summary>
    public double WindowTasks;

    /// <summary>Spreads and probabilities beyond these means; null judges by the margins.</summary>
    internal InTimePredictor? Predictor;

    /// <summary>A link, everything else as profiled, with the usual margin of 10 % on the bounds.</summary>
    /// <param name="link">As the client reports it. NaN rate or round-trip time count as 1 kbit/s and 0 ms, a NaN tail factor as 1.</param>
    public static PlanningConditions From(in LinkSnapshot link) => new()
    {
        LinkUp = link.Up,
        RateBitsPerSecond = link.RateBitsPerSecond > MinimumRate ? link.RateBitsPerSecond : MinimumRate,
        RttMs = link.RttMs > 0 ? link.RttMs : 0,
        TailFactor = link.TailFactor > 0 ? link.TailFactor : 1,
        TailQueueMs = link.TailQueueMs > 0 ? link.TailQueueMs : 0,
        EdgeFactor = 1,
        EnergyFactor = 1,
        LocalMargin = CostDefaults.AssumedMargin,
        RemoteMargin = CostDefaults.AssumedMargin,
        EnergyMargin = CostDefaults.AssumedEnergyMargin,
        WindowTasks = CostDefaults.AssumedWindowTasks,
    };

    internal const double MinimumRate = CostDefaults.MinimumRate;
}
