namespace EdgeML.Native.Offload;

/// <summary>Writes a tensor as payload bytes and reads it back; implemented by empty structs so that calls are bound statically.</summary>
interface ITensorCodec
{
    /// <summary>The number that travels.</summary>
    static abstract TensorEncoding Encoding { get; }

    /// <summary>Payload bytes of one element.</summary>
    static abstract int BytesPerElement { get; }

    /// <summary>Whether the payload is the tensor's memory as it is, so that it can be sent from where it lies.</summary>
    static abstract bool IsIdentity { get; }

    /// <summary>Writes <paramref name="tensor"/> into a payload of exactly its encoded size.</summary>
    static abstract void Encode(ReadOnlySpan<float> tensor, Span<byte> payload);

    /// <summary>Reads a payload of exactly the encoded size of <paramref name="tensor"/>.</summary>
    static abstract void Decode(ReadOnlySpan<byte> payload, Span<float> tensor);
}
