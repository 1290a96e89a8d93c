namespace EdgeML.Native.Codecs;

/// <summary>Writes a tensor as payload bytes and reads it back; implemented by empty structs so that calls are bound statically.</summary>
interface ITensorCodec
{
    /// <summary>The number that travels.</summary>
    static abstract TensorEncoding Encoding { get; }

    /// <summary>Payload bytes of a tensor.</summary>
    static abstract int BytesOf(int elements);

    /// <summary>Writes <paramref name="tensor"/> into a payload of exactly its encoded size.</summary>
    static abstract void Encode(ReadOnlySpan<float> tensor, Span<byte> payload);

    /// <summary>Reads a payload of exactly the encoded size of <paramref name="tensor"/>.</summary>
    static abstract void Decode(ReadOnlySpan<byte> payload, Span<float> tensor);
}
