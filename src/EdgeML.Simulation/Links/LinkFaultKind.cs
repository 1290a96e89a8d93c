namespace EdgeML.Simulation.Links;

/// <summary>Kinds of faults of a link, or of the tail at its end.</summary>
enum LinkFaultKind
{
    /// <summary>The connection is reset.</summary>
    Reset = 0,

    /// <summary>Nothing passes for a while; then everything does.</summary>
    Stall = 1,

    /// <summary>Some pieces arrive later, one after another.</summary>
    Delay = 2,

    /// <summary>The connection ends in an orderly way, whatever is on it; the rest of the bytes is lost.</summary>
    Truncate = 3,

    /// <summary>A bit is flipped.</summary>
    Corrupt = 4,

    /// <summary>Bytes arrive a few at a time.</summary>
    Split = 5,

    /// <summary>One direction ends and its later bytes are lost; the other direction lives on.</summary>
    HalfClose = 6,

    /// <summary>The tail's process is killed.</summary>
    Kill = 7,

    /// <summary>The tail's process is stopped, and continues after a while.</summary>
    Pause = 8,
}
