namespace EdgeML.Server.Requests;

/// <summary>The requests of one device that wait, earliest deadline first. Used under the lock of its queue.</summary>
/// <param name="weight">Share of the server beside other devices; 1 is usual.</param>
sealed class DeviceFlow(double weight = 1)
{
    public double Weight { get; } = weight > 0 && double.IsFinite(weight) ? weight
        : throw new ArgumentOutOfRangeException(nameof(weight), $"weight is {weight}, not a number above 0");

    public PriorityQueue<TailJob, long> Jobs { get; } = new();

    /// <summary>Virtual time at which the requests served so far would be finished at a fair share, milliseconds of computing.</summary>
    public double FinishTag { get; set; }

    /// <summary>Milliseconds of computing that wait.</summary>
    public double WaitingMs { get; set; }
}
