using EdgeML.Native.Inference;

namespace EdgeML.Native.Control;

/// <summary>What one task did and cost; the only thing controllers learn from.</summary>
public struct TaskRecord
{
    /// <summary>Counts up per session.</summary>
    public long TaskId;

    /// <summary>Seconds since the session started, when the task finished.</summary>
    public double TimeSeconds;

    /// <summary>The policy that was really executed.</summary>
    public ExitPolicy Policy;

    /// <summary>The exit that answered, 1..N + 1.</summary>
    public int Exit;

    /// <summary>The class answered.</summary>
    public int Class;

    /// <summary>Normalised entropy of the first side exit tried, NaN where none was: a free sample of how hard the input is.</summary>
    public float FirstEntropy;

    /// <summary>End to end, milliseconds.</summary>
    public double LatencyMs;

    /// <summary>Computing on the edge, a fallback's part included, milliseconds.</summary>
    public double EdgeMs;

    /// <summary>On the way to the tail and back, milliseconds; 0 for a local task.</summary>
    public double WireMs;

    /// <summary>Computing on the tail, milliseconds.</summary>
    public double TailMs;

    /// <summary>Waiting for a free lane or behind other requests on the tail, milliseconds.</summary>
    public double QueueMs;

    /// <summary>Joules of the edge device.</summary>
    public double EnergyJ;

    /// <summary>Bytes sent, headers included.</summary>
    public long BytesSent;

    /// <summary>Uplink rate measured by this task's transfer, bits a second; NaN where nothing was acknowledged.</summary>
    public double RateBitsPerSecond;

    /// <summary>Whether the tail answered.</summary>
    public bool Offloaded;

    /// <summary>Whether the edge finished what should have gone to the tail.</summary>
    public bool Fallback;
}
