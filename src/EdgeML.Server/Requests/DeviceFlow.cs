namespace EdgeML.Server.Requests;

/// <summary>The requests of one device that wait, earliest deadline first. Used under the lock of its queue.</summary>
/// <param name="weight">Share of the server beside other devices; 1 is usual.</param>
sealed class DeviceFlow(double weight = 1)
{
    double _weight = Checked(weight);

    /// <summary>May change at any time, from any thread.</summary>
    public double Weight
    {
        get => Volatile.Read(ref _weight);
        set => Volatile.Write(ref _weight, Checked(value));
    }

    /// <summary>Its weight as the queue counts it while requests wait; a change counts after them.</summary>
    public double CountedWeight { get; set; }

    public PriorityQueue<TailJob, long> Jobs { get; } = new();

    /// <summary>Virtual time at which the requests served so far would be finished at a fair share, milliseconds of computing.</summary>
    public double FinishTag { get; set; }

    /// <summary>Milliseconds of computing that wait.</summary>
    public double WaitingMs { get; set; }

    static double Checked(double weight) => weight > 0 && double.IsFinite(weight) ? weight
        : throw new ArgumentOutOfRangeException(nameof(weight), $"weight is {weight}, not a number above 0");
}
