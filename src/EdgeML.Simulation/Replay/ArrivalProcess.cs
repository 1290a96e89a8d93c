using System.Globalization;

namespace EdgeML.Simulation.Replay;

/// <summary>Tasks that arrive by themselves: a Poisson process that feeds a queue of limited length.</summary>
/// <param name="RatePerSecond">Mean arrivals per second.</param>
/// <param name="QueueLength">Tasks that may wait while another one runs; a task that finds that many waiting is lost.</param>
public sealed record ArrivalProcess(double RatePerSecond, int QueueLength)
{
    /// <summary>Reads <c>poisson:RATE,queue=K</c>.</summary>
    /// <exception cref="ArgumentException">It is something else.</exception>
    public static ArrivalProcess Parse(string spec)
    {
        const string Poisson = "poisson:", Queue = "queue=";
        ArgumentNullException.ThrowIfNull(spec);
        string[] parts = spec.Split(',');
        if (parts.Length == 2 && parts[0].StartsWith(Poisson, StringComparison.Ordinal)
            && parts[1].StartsWith(Queue, StringComparison.Ordinal)
            && double.TryParse(parts[0].AsSpan(Poisson.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
            && rate > 0 && rate <= 1e6
            && int.TryParse(parts[1].AsSpan(Queue.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int queue))
            return new ArrivalProcess(rate, queue);
        throw new ArgumentException(
            $"arrivals '{spec}' are not poisson:RATE,queue=K with a rate in 0..1000000 tasks per second and a whole number K");
    }

    /// <summary>Seconds at which tasks arrive.</summary>
    public double[] Draw(int tasks, int seed)
    {
        var random = new Random(seed);
        var arrivals = new double[tasks];
        double now = 0;
        for (int i = 0; i < tasks; i++) arrivals[i] = now += -Math.Log(1 - random.NextDouble()) / RatePerSecond;
        return arrivals;
    }
}
