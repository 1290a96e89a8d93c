using System.Runtime.CompilerServices;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Costs;

/// <summary>Spread of computing times, and the probability that a transfer ends in time. With one in the planning conditions a plan is
/// judged by probabilities (equations 4 and 5 of docs/reference/control.md) instead of margins (equation 3).</summary>
abstract class InTimePredictor
{
    /// <summary>Milliseconds the first k units take on the edge, in place of the profile's; null for the profile's own.</summary>
    public double[]? EdgePrefix { get; protected init; }

    /// <summary>Milliseconds of every head on the edge; null together with <see cref="EdgePrefix"/>.</summary>
    public double[]? EdgeHeads { get; protected init; }

    /// <summary>Standard deviation of a computing time on the edge, as a share of it.</summary>
    public double EdgeSpread { get; set; }

    /// <summary>Standard deviation of the tail's answer time without edge and sending, milliseconds.</summary>
    public double RemoteSpreadMs { get; set; }

    /// <summary>Expected time of sending.</summary>
    /// <param name="edgeMs">When it begins, milliseconds into the task.</param>
    /// <param name="bytes">The request.</param>
    public abstract double SendMs(double edgeMs, double bytes);

    /// <summary>The probability that sending takes at most so long.</summary>
    /// <param name="edgeMs">When it begins, milliseconds into the task.</param>
    /// <param name="bytes">The request.</param>
    /// <param name="ms">The most it may take; negative is never enough.</param>
    public abstract double ShareSentWithin(double edgeMs, double bytes, double ms);

    /// <summary>The probability that an answer comes inside the bound.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Inside(in PathCost path, double boundMs)
    {
        if (double.IsPositiveInfinity(boundMs)) return 1;
        double edgeMs = EdgeSpread * path.EdgeMs;
        if (!path.Offloaded) return NormalDistribution.Cdf((boundMs - path.LatencyMs) / (edgeMs + CostDefaults.LeastSpreadMs)); // (4)
        double spread = Math.Sqrt((edgeMs * edgeMs) + (RemoteSpreadMs * RemoteSpreadMs)) + CostDefaults.LeastSpreadMs;
        double slack = boundMs - (path.LatencyMs - path.SendMs);
        double late = slack - (Side * spread);
        double worst = ShareSentWithin(path.EdgeMs, path.Bytes, late);
        if (worst > CostDefaults.SurelySent) return 1;
        double best = ShareSentWithin(path.EdgeMs, path.Bytes, slack + (Side * spread));
        if (best < CostDefaults.HardlySent) return 0;
        return (SideWeight * (worst + best)) + ((1 - (2 * SideWeight)) * ShareSentWithin(path.EdgeMs, path.Bytes, slack)); // (5)
    }

    /// <summary>Whether any answer under the cut of this one, the first that the tail may give, has a chance.</summary>
    public bool MayBeInside(in PathCost path, double boundMs)
    {
        if (double.IsPositiveInfinity(boundMs)) return true;
        double edgeMs = EdgeSpread * path.AloneMs;
        double spread = Math.Sqrt((edgeMs * edgeMs) + (RemoteSpreadMs * RemoteSpreadMs)) + CostDefaults.LeastSpreadMs;
        double slack = boundMs - (path.LatencyMs - path.SendMs);
        return ShareSentWithin(path.EdgeMs, path.Bytes, slack + (Side * spread)) >= CostDefaults.HardlySent;
    }

    /// <summary>Points and weights of Gauss-Hermite quadrature with three points, equation 5: exact up to the fifth power.</summary>
    const double Side = 1.7320508075688772, SideWeight = 1.0 / 6;
}
