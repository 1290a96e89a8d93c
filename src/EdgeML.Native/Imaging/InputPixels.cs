using System.Numerics.Tensors;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Imaging;

/// <summary>Turns an input's bytes, in the network's own order, into its elements: the same bits wherever it runs. Immutable.</summary>
/// <remarks>Edge and tail share this code. Each step rounds once, as IEEE 754 says; a fused multiply-add would round differently where a
/// processor has none.</remarks>
sealed class InputPixels
{
    // Bytes and floats of a block stay in the first cache.
    const int Block = 3 * 1024;

    readonly int _plane;
    readonly float[] _factors;
    readonly float[] _offsets;
    readonly float[] _factorPattern = [];
    readonly float[] _offsetPattern = [];

    /// <param name="manifest">Checked.</param>
    internal InputPixels(ModelManifest manifest)
    {
        _plane = manifest.Input.Elements;
        (_factors, _offsets) = ([(float)manifest.Input.ByteScale], [0]);
        if (manifest.Preprocessing is not { } how || PictureInput.Of(manifest) is not { } picture) return;
        var channels = new (float Factor, float Offset)[picture.Count];
        for (int c = 0; c < channels.Length; c++)
        {
            double mean = how.Mean.Count == 0 ? 0 : how.Mean[c], std = how.Std.Count == 0 ? 1 : how.Std[c];
            channels[c] = ((float)(how.Scale / std), (float)(-mean / std));
        }
        if (channels.All(channel => channel == channels[0])) channels = [channels[0]];
        _factors = [.. channels.Select(channel => channel.Factor)];
        _offsets = [.. channels.Select(channel => channel.Offset)];
        if (channels.Length == 1) return;
        if (how.Layout == PixelLayout.Nchw)
        {
            _plane /= channels.Length;
            return;
        }
        int pattern = Block / channels.Length * channels.Length;
        _factorPattern = [.. Enumerable.Range(0, pattern).Select(i => _factors[i % channels.Length])];
        _offsetPattern = [.. Enumerable.Range(0, pattern).Select(i => _offsets[i % channels.Length])];
    }

    /// <summary>Decodes a whole input.</summary>
    /// <param name="bytes">One per element.</param>
    /// <param name="tensor">As long; must not overlap.</param>
    internal void Decode(ReadOnlySpan<byte> bytes, Span<float> tensor)
    {
        if (bytes.Length != tensor.Length)
            throw new ArgumentException($"{tensor.Length} elements take as many bytes, the payload has {bytes.Length}");
        if (_factorPattern.Length > 0) DecodePixels(bytes, tensor);
        else
            for (int c = 0, at = 0; at < tensor.Length; c++, at += _plane)
                DecodePlane(bytes.Slice(at, _plane), tensor.Slice(at, _plane), _factors[c], _offsets[c]);
    }

    static void DecodePlane(ReadOnlySpan<byte> bytes, Span<float> tensor, float factor, float offset)
    {
        for (int at = 0; at < tensor.Length; at += Block)
        {
            int length = Math.Min(Block, tensor.Length - at);
            Span<float> to = tensor.Slice(at, length);
            TensorPrimitives.ConvertTruncating(bytes.Slice(at, length), to);
            TensorPrimitives.Multiply(to, factor, to);
            if (offset != 0) TensorPrimitives.Add(to, offset, to);
        }
    }

    void DecodePixels(ReadOnlySpan<byte> bytes, Span<float> tensor)
    {
        for (int at = 0; at < tensor.Length; at += _factorPattern.Length)
        {
            int length = Math.Min(_factorPattern.Length, tensor.Length - at);
            Span<float> to = tensor.Slice(at, length);
            TensorPrimitives.ConvertTruncating(bytes.Slice(at, length), to);
            TensorPrimitives.Multiply(to, _factorPattern.AsSpan(0, length), to);
            TensorPrimitives.Add(to, _offsetPattern.AsSpan(0, length), to);
        }
    }
}
