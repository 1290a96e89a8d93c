namespace EdgeML.Native.Energy;

/// <summary>The sensor that measures the energy of tasks.</summary>
public sealed record EnergySensorOptions
{
    /// <summary>One of <see cref="EnergySensors.Names"/>; null for the first that answers.</summary>
    public string? Source { get; init; }

    /// <summary>Whether the network runs on the board that NVML sees; on the processor its energy tells nothing about a task.</summary>
    public bool OnGpu { get; init; }

    /// <summary>PCI bus id of that board, for instance <c>0000:3b:00.0</c>; null for the only one.</summary>
    public string? PciBusId { get; init; }

    /// <summary>Root of the file system, and file of NVML; tests put their own here.</summary>
    internal string Root { get; init; } = "/";

    internal string? NvmlFile { get; init; }
}
