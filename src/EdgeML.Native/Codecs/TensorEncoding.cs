namespace EdgeML.Native.Codecs;

/// <summary>How a payload writes the cut tensor. The numbers travel; they are never changed, only added to.</summary>
public enum TensorEncoding : byte
{
    /// <summary>Little-endian float32, the tensor's own memory.</summary>
    Float32 = 1,

    /// <summary>Little-endian IEEE half precision, round to nearest even.</summary>
    Float16 = 2,

    /// <summary>The input's own bytes, at cut 0 only; the tail multiplies them by the model's byte scale.</summary>
    Bytes = 3,

    /// <summary>One little-endian float32, the scale, then a byte per element: unsigned where the scale is above zero, signed where it is
    /// below.</summary>
    Int8 = 4,

    /// <summary>A learned bottleneck of the package, which the policy numbers: its components one after another, positions of a
    /// component side by side, each in as many bits as the bottleneck gives it, lowest bits first.</summary>
    Bottleneck = 5,

    /// <summary>At cuts of quantised networks: the integers there, little-endian, of the type that the package's cut names. Such cuts are
    /// entered in this encoding or by a bottleneck only.</summary>
    Quantised = 6,
}
