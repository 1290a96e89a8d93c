namespace EdgeML.Benchmarks.TailLoad;

/// <summary>A server in its own process, and devices that load it.</summary>
interface ILoadSubject : IDisposable
{
    /// <summary>In the heading of its columns.</summary>
    string Name { get; }

    /// <summary>Logits of an answer to the request that all subjects get; to compare.</summary>
    float[] Logits { get; }

    /// <summary>Loads it after a second of warm-up.</summary>
    /// <param name="inFlight">Requests under way of every device.</param>
    /// <param name="duration">Of the measurement.</param>
    LoadResult Drive(int[] inFlight, TimeSpan duration);
}
