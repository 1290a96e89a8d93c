namespace EdgeML.Simulation.Worlds;

/// <summary>The tasks of a virtual run that wait for the one before; without arrivals inputs come when they are asked for.</summary>
sealed class VirtualQueue(VirtualWorld world)
{
    readonly Queue<double> _starts = new();

    public double Arrival(int task) => world.Arrivals is { } arrivals ? arrivals[task] : task * world.PeriodMs / 1000;

    /// <summary>Whether a task arriving now is lost.</summary>
    /// <param name="arrival">Second of its arrival.</param>
    /// <param name="busyUntil">Second at which everything accepted so far is done.</param>
    public bool Refuses(double arrival, double busyUntil)
    {
        if (world.Arrivals is null || busyUntil <= arrival) return false;
        while (_starts.TryPeek(out double start) && start <= arrival) _starts.Dequeue();
        return _starts.Count >= world.QueueLength;
    }

    /// <summary>A task was taken in and starts at a second not before its arrival.</summary>
    public void Accept(double start, double arrival)
    {
        if (world.Arrivals is not null && start > arrival) _starts.Enqueue(start);
    }
}
