using System.Diagnostics;

namespace EdgeML.Simulation.Links;

/// <summary>The time a <see cref="LinkShaper"/> lives by: the machine's, or a test's own. Any thread.</summary>
class LinkClock
{
    /// <summary>The machine's.</summary>
    public static LinkClock Machine { get; } = new();

    /// <summary>Seconds since some moment.</summary>
    public virtual double Now => (double)Stopwatch.GetTimestamp() / Stopwatch.Frequency;

    /// <summary>Returns shortly after a moment, not before it; at once where it has passed.</summary>
    public virtual void WaitUntil(double moment) => PreciseWait.For(moment - Now);
}
