using EdgeML.Native.Control.Learning.Traces;

namespace EdgeML.Simulation.Replay;

/// <summary>What a learning controller of a replay takes along from another device, and what it leaves for one:
/// the paper's eq. 8.</summary>
public sealed record ReplayTraces
{
    /// <summary>What was experienced on the other device; null to start untrained.</summary>
    public TransitionTrace? Source { get; init; }

    /// <summary>Share of a batch that comes from there at first.</summary>
    public double SourceShare { get; init; } = 0.5;

    /// <summary>Updates from that experience alone, before the first decision; the paper only mixes.</summary>
    public int SourceUpdates { get; init; }

    /// <summary>Takes down what this run experiences.</summary>
    public TransitionTrace? Record { get; init; }
}
