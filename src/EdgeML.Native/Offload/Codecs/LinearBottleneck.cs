using System.Buffers;
using System.Numerics.Tensors;

namespace EdgeML.Native.Offload;

/// <summary>Sends fewer and shorter numbers than a tensor has: a linear map of every patch of it, each result in a few bits, and a linear map
/// back. Immutable; any thread.</summary>
sealed class LinearBottleneck
{
    readonly TensorPatches _patches;
    readonly int _channels;
    readonly int _positions;
    readonly bool _rectified;
    readonly float[] _mean;
    readonly float[] _encoder;
    readonly float[] _decoder;
    readonly float[] _offset;
    readonly float[] _low;
    readonly float[] _step;
    readonly int[] _bits;

    /// <param name="patches">How the tensor is seen; its rows are the channels below.</param>
    /// <param name="mean">Of every channel; taken off before and added after.</param>
    /// <param name="encoder">A row of channels a component.</param>
    /// <param name="decoder">A row of channels a component: what one of it adds to every channel.</param>
    /// <param name="ranges">Lowest and highest level of every component; values beyond are cut off.</param>
    /// <param name="bits">Of every component, 1..8.</param>
    /// <param name="rectified">Whether the tensor has no negative values.</param>
    /// <exception cref="ArgumentException">Lengths that do not belong together.</exception>
    public LinearBottleneck(
        TensorPatches patches, float[] mean, float[] encoder, float[] decoder, (float Low, float High)[] ranges, int[] bits, bool rectified)
    {
        if (mean.Length != patches.Rows || encoder.Length != mean.Length * bits.Length || decoder.Length != encoder.Length || ranges.Length != bits.Length)
            throw new ArgumentException(
                $"{encoder.Length} and {decoder.Length} weights for {bits.Length} components of {patches.Rows} channels", nameof(encoder));
        (_patches, _channels, _positions, _rectified) = (patches, mean.Length, patches.Positions, rectified);
        (_mean, _encoder, _decoder, _bits) = (mean, encoder, decoder, bits);
        _offset = new float[bits.Length];
        _low = new float[bits.Length];
        _step = new float[bits.Length];
        for (int i = 0; i < bits.Length; i++)
        {
            _offset[i] = -TensorPrimitives.Dot(encoder.AsSpan(i * _channels, _channels), mean);
            (_low[i], _step[i]) = (ranges[i].Low, (ranges[i].High - ranges[i].Low) / ((1 << bits[i]) - 1));
        }
        PayloadBytes = (int)((bits.Sum(each => (long)each * _positions) + 7) / 8);
    }

    /// <summary>Numbers sent a position.</summary>
    public int Components => _bits.Length;

    /// <summary>Bytes of every payload.</summary>
    public int PayloadBytes { get; }

    /// <summary>Writes a tensor's payload: components one after another, positions of a component side by side, lowest bits
    /// first.</summary>
    /// <param name="tensor">Channels one after another.</param>
    /// <param name="payload">Exactly <see cref="PayloadBytes"/>.</param>
    public void Encode(ReadOnlySpan<float> tensor, Span<byte> payload)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(_patches.Elements + _positions);
        Span<float> rows = rented.AsSpan(0, _patches.Elements), row = rented.AsSpan(_patches.Elements, _positions);
        _patches.Gather(tensor, rows);
        (ulong open, int filled, int next) = (0, 0, 0);
        for (int i = 0; i < _bits.Length; i++)
        {
            row.Fill(_offset[i]);
            for (int channel = 0; channel < _channels; channel++)
                TensorPrimitives.MultiplyAdd(rows.Slice(channel * _positions, _positions), _encoder[(i * _channels) + channel], row, row);
            int most = (1 << _bits[i]) - 1;
            float inverse = _step[i] > 0f ? 1f / _step[i] : 0f;
            foreach (float value in row)
            {
                // NaN becomes level 0.
                float level = ((value - _low[i]) * inverse) + 0.5f;
                open |= (ulong)(level > 0f ? Math.Min((int)Math.Min(level, 1e6f), most) : 0) << filled;
                for (filled += _bits[i]; filled >= 8; filled -= 8, open >>= 8) payload[next++] = (byte)open;
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
        float[] rented = ArrayPool<float>.Shared.Rent(_patches.Elements + _positions);
        Span<float> rows = rented.AsSpan(0, _patches.Elements), row = rented.AsSpan(_patches.Elements, _positions);
        for (int channel = 0; channel < _channels; channel++) rows.Slice(channel * _positions, _positions).Fill(_mean[channel]);
        (ulong open, int filled, int next) = (0, 0, 0);
        for (int i = 0; i < _bits.Length; i++)
        {
            ulong mask = (1UL << _bits[i]) - 1;
            for (int position = 0; position < row.Length; position++)
            {
                for (; filled < _bits[i]; filled += 8) open |= (ulong)payload[next++] << filled;
                row[position] = _low[i] + (_step[i] * (open & mask));
                open >>= _bits[i];
                filled -= _bits[i];
            }
            for (int channel = 0; channel < _channels; channel++)
            {
                Span<float> to = rows.Slice(channel * _positions, _positions);
                TensorPrimitives.MultiplyAdd(row, _decoder[(i * _channels) + channel], to, to);
            }
        }
        _patches.Scatter(rows, tensor);
        ArrayPool<float>.Shared.Return(rented);
        if (_rectified) TensorPrimitives.Max(tensor, 0f, tensor);
    }
}
