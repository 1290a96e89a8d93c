using System.Buffers;
using System.Numerics.Tensors;

namespace EdgeML.Native.Codecs;

/// <summary>Sends fewer and shorter numbers than a tensor has: a linear map of every patch of it, each result in a few bits, and a
/// linear map back. Immutable; any thread.</summary>
sealed class LinearBottleneck
{
    readonly int _rows;
    readonly int _positions;
    readonly float[] _offset;
    readonly float[] _low;
    readonly float[] _step;

    /// <param name="patches">How the tensor is seen; its rows are the channels below.</param>
    /// <param name="mean">Of every channel; taken off before and added after.</param>
    /// <param name="encoder">A row of channels per component.</param>
    /// <param name="decoder">A row of channels per component: its contribution to every channel.</param>
    /// <param name="ranges">Lowest and highest level of every component; values beyond are cut off.</param>
    /// <param name="bits">Of every component, 1..8.</param>
    /// <param name="rectified">Whether the tensor has no negative values.</param>
    /// <exception cref="ArgumentException">Lengths that do not belong together.</exception>
    public LinearBottleneck(
        TensorPatches patches, float[] mean, float[] encoder, float[] decoder, (float Low, float High)[] ranges, int[] bits, bool rectified)
    {
        bool fits = mean.Length == patches.Rows && encoder.Length == mean.Length * bits.Length && decoder.Length == encoder.Length
            && ranges.Length == bits.Length;
        if (!fits)
            throw new ArgumentException(
                $"{encoder.Length} and {decoder.Length} weights for {bits.Length} components of {patches.Rows} rows", nameof(encoder));
        (Patches, Mean, Encoder, Decoder, Ranges, Bits, Rectified) = (patches, mean, encoder, decoder, ranges, bits, rectified);
        (_rows, _positions) = (patches.Rows, patches.Positions);
        _offset = new float[bits.Length];
        _low = new float[bits.Length];
        _step = new float[bits.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            _offset[i] = -TensorPrimitives.Dot(encoder.AsSpan(i * _rows, _rows), mean);
            (_low[i], _step[i]) = (ranges[i].Low, (ranges[i].High - ranges[i].Low) / ((1 << bits[i]) - 1));
        }
        PayloadBytes = checked((int)((bits.Sum(each => (long)each * _positions) + 7) / 8));
    }

    /// <summary>How the tensor is seen.</summary>
    public TensorPatches Patches { get; }

    /// <summary>Of every row.</summary>
    public float[] Mean { get; }

    /// <summary>The encoder's weights.</summary>
    public float[] Encoder { get; }

    /// <summary>The decoder's weights.</summary>
    public float[] Decoder { get; }

    /// <summary>Lowest and highest level of every component.</summary>
    public (float Low, float High)[] Ranges { get; }

    /// <summary>Of every component.</summary>
    public int[] Bits { get; }

    /// <summary>Whether the tensor has no negative values.</summary>
    public bool Rectified { get; }

    /// <summary>Multiply-accumulates of one way.</summary>
    public long Macs => (long)Encoder.Length * _positions;

    /// <summary>Numbers sent a position.</summary>
    public int Components => Bits.Length;

    /// <summary>Bytes of every payload.</summary>
    public int PayloadBytes { get; }

    /// <summary>Writes a tensor's payload: components one after another, positions of a component side by side, lowest bits
    /// first.</summary>
    /// <param name="tensor">Channels one after another.</param>
    /// <param name="payload">Exactly <see cref="PayloadBytes"/>.</param>
    public void Encode(ReadOnlySpan<float> tensor, Span<byte> payload)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(2 * Patches.Elements);
        Span<float> rows = rented.AsSpan(0, Patches.Elements), columns = rented.AsSpan(Patches.Elements, Patches.Elements);
        Patches.Gather(tensor, rows);
        Transpose(rows, columns, _rows, _positions);
        (ulong open, int filled, int next) = (0, 0, 0);
        for (int i = 0; i < Bits.Length; i++)
        {
            ReadOnlySpan<float> encoder = Encoder.AsSpan(i * _rows, _rows);
            int bits = Bits[i], most = (1 << bits) - 1;
            float inverse = _step[i] > 0f ? 1f / _step[i] : 0f;
            for (int position = 0; position < _positions; position++)
            {
                float value = TensorPrimitives.Dot(encoder, columns.Slice(position * _rows, _rows)) + _offset[i];
                // NaN becomes level 0.
                float level = ((value - _low[i]) * inverse) + 0.5f;
                open |= (ulong)(level > 0f ? Math.Min((int)Math.Min(level, 1e6f), most) : 0) << filled;
                for (filled += bits; filled >= 8; filled -= 8, open >>= 8) payload[next++] = (byte)open;
            }
        }
        if (filled > 0) payload[next] = (byte)open;
        ArrayPool<float>.Shared.Return(rented);
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="payload">Exactly <see cref="PayloadBytes"/>.</param>
    /// <param name="tensor">Receives all channels.</param>
    public void Decode(ReadOnlySpan<byte> payload, Span<float> tensor)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(2 * Patches.Elements);
        Span<float> rows = rented.AsSpan(0, Patches.Elements), columns = rented.AsSpan(Patches.Elements, Patches.Elements);
        for (int position = 0; position < _positions; position++) Mean.CopyTo(columns.Slice(position * _rows, _rows));
        (ulong open, int filled, int next) = (0, 0, 0);
        for (int i = 0; i < Bits.Length; i++)
        {
            ReadOnlySpan<float> decoder = Decoder.AsSpan(i * _rows, _rows);
            int bits = Bits[i];
            ulong mask = (1UL << bits) - 1;
            for (int position = 0; position < _positions; position++)
            {
                for (; filled < bits; filled += 8) open |= (ulong)payload[next++] << filled;
                float value = _low[i] + (_step[i] * (open & mask));
                open >>= bits;
                filled -= bits;
                Span<float> to = columns.Slice(position * _rows, _rows);
                TensorPrimitives.MultiplyAdd(decoder, value, to, to);
            }
        }
        Transpose(columns, rows, _positions, _rows);
        Patches.Scatter(rows, tensor);
        ArrayPool<float>.Shared.Return(rented);
        if (Rectified) TensorPrimitives.Max(tensor, 0f, tensor);
    }

    /// <summary>Turns rows of columns into columns of rows.</summary>
    internal static void Transpose(ReadOnlySpan<float> from, Span<float> to, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> line = from.Slice(row * columns, columns);
            for (int column = 0; column < line.Length; column++) to[(column * rows) + row] = line[column];
        }
    }
}
