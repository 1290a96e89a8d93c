namespace EdgeML.Native.Energy;

/// <summary>Measures the energy of a task on the edge device. Every result names the source of its energy numbers.</summary>
public interface IEnergyMeter
{
    /// <summary>Where the numbers come from, for instance <c>declared</c>.</summary>
    string Source { get; }

    /// <summary>Joules of the task that has just finished. Called once per task, on the session's thread; must not allocate.</summary>
    /// <param name="latencyMs">From the moment the task had a slot until its answer, milliseconds.</param>
    /// <param name="busyMs">Of it computing on the edge.</param>
    /// <param name="radioMs">Of it sending.</param>
    double TaskJoules(double latencyMs, double busyMs, double radioMs);
}
