namespace EdgeML.Native.Offload.Transport;

/// <summary>What a wait for a frame ended with.</summary>
enum FrameArrival
{
    /// <summary>No whole header yet; the time passed, or a part of one came.</summary>
    None,

    /// <summary>Prelude and header are there.</summary>
    Head,

    /// <summary>The peer has ended its side between two frames.</summary>
    End,
}
