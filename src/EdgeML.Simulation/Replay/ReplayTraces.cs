using EdgeML.Native.Control.Learning.Traces;

namespace EdgeML.Simulation.Replay;

/// <summary>The experience of a learning controller of a replay, from another device and for one:
/// the paper's eq. 8.</summary>
public sealed record ReplayTraces
{
    /// <summary>The experience of the other device; null to start untrained.</summary>
    public TransitionTrace? Source { get; init; }

    /// <summary>Share of a batch that comes from there at first.</summary>
    public double SourceShare { get; init; } = 0.5;

    /// <summary>Updates from that experience alone, before the first decision; the paper only mixes.</summary>
    public int SourceUpdates { get; init; }

    /// <summary>Records the experience of this run.</summary>
    public TransitionTrace? Record { get; init; }
}
