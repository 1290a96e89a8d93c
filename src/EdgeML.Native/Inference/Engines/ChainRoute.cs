namespace EdgeML.Native.Inference.Engines;

/// <summary>How a GPU runs a chain of stages. Every route takes the same decisions; they differ in launches and waiting.</summary>
public enum ChainRoute
{
    /// <summary>The first of the others that works here.</summary>
    Best,

    /// <summary>One launch, and the device decides about exits (route A).</summary>
    Device,

    /// <summary>One launch per range between two exits; the host reads the device's decision (route B).</summary>
    Stages,

    /// <summary>Like <see cref="Stages"/> without graphs; works everywhere (route C).</summary>
    Streams,
}
