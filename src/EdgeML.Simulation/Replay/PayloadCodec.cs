namespace EdgeML.Simulation.Replay;

/// <summary>What an element of a cut tensor costs on the wire. The replay charges bytes only; what a codec does to accuracy it does not
/// know.</summary>
public enum PayloadCodec
{
    /// <summary>4 bytes.</summary>
    Fp32 = 0,

    /// <summary>2 bytes.</summary>
    Fp16 = 1,

    /// <summary>1 byte, and 4 for the scale of the tensor.</summary>
    Int8 = 2,
}
