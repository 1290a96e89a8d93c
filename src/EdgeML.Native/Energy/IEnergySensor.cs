namespace EdgeML.Native.Energy;

/// <summary>A sensor of the device's power: a counter of joules, or watts of the moment.</summary>
/// <remarks>Read by one thread at a time; reading allocates nothing.</remarks>
interface IEnergySensor : IDisposable
{
    /// <summary>As results name it, for instance <c>rapl</c>.</summary>
    string Name { get; }

    /// <summary>The measured quantity, for people.</summary>
    string Description { get; }

    /// <summary>Whether readings are joules since some moment; otherwise they are watts.</summary>
    bool IsCounter { get; }

    /// <summary>Between two readings; shorter ones show nothing new or cost too much.</summary>
    TimeSpan Pause { get; }

    /// <summary>Reads.</summary>
    /// <returns>False where the sensor does not answer now.</returns>
    bool TryRead(out double value);
}
