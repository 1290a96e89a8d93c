using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Runs rows, including those that learned on another device first: the paper's S6.</summary>
static class SweepTransfer
{
    /// <summary><c>ddpg</c> with the experience of the same seed on the source device mixed into its training.</summary>
    public const string Mixed = "ddpg-transfer";

    /// <summary>The same, and updates from that experience alone before the first task, which the paper does not make.</summary>
    public const string Rehearsed = "ddpg-transfer-300";

    const int Updates = 300;

    /// <summary>Runs one seed of one row.</summary>
    /// <exception cref="ArgumentException">An unknown row.</exception>
    public static ReplayResult Run(SweepCell cell, string row, int seed, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (cell.Source is not { } source || row is not (Mixed or Rehearsed))
            return ReplayRunner.Run(cell.Scenario, row, seed, cancellation: cancellation);
        var trace = new TransitionTrace();
        ReplayRunner.Run(source, PolicyControllers.Ddpg, seed, null, new ReplayTraces { Record = trace }, cancellation);
        var traces = new ReplayTraces { Source = trace, SourceUpdates = row == Rehearsed ? Updates : 0 };
        return ReplayRunner.Run(cell.Scenario, PolicyControllers.Ddpg, seed, null, traces, cancellation);
    }
}
