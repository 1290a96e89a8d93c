using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using EdgeML.Native.Numerics;

namespace EdgeML.Training.Branching;

/// <summary>Drops values at random and scales the rest up; eight xorshift generators side by side, the same on every machine.</summary>
sealed class DropoutNoise
{
    readonly float _kept;
    readonly int _threshold;
    Vector256<uint> _state;

    /// <param name="rate">Share of values dropped, 0 up to 1.</param>
    /// <param name="random">Seeds the generators.</param>
    internal DropoutNoise(float rate, SeededRandom random)
    {
        (_kept, _threshold) = (1 / (1 - rate), (int)(rate * int.MaxValue));
        Span<uint> seeds = stackalloc uint[8];
        foreach (ref uint seed in seeds) seed = 1 + (uint)random.Below(int.MaxValue);
        _state = Vector256.Create<uint>(seeds);
    }

    /// <summary>Factor of the values that stay.</summary>
    internal float Kept => _kept;

    internal void Apply(Span<float> values)
    {
        if (_threshold == 0) return;
        Vector256<uint> state = _state;
        var threshold = Vector256.Create(_threshold);
        var kept = Vector256.Create(_kept);
        int whole = values.Length & ~7;
        Span<Vector256<float>> vectors = MemoryMarshal.Cast<float, Vector256<float>>(values[..whole]);
        for (int i = 0; i < vectors.Length; i++)
        {
            state ^= state << 13;
            state ^= state >>> 17;
            state ^= state << 5;
            Vector256<int> stays = Vector256.GreaterThanOrEqual((state >>> 1).AsInt32(), threshold);
            vectors[i] = vectors[i] * kept & stays.AsSingle();
        }
        for (int i = whole; i < values.Length; i++)
        {
            state ^= state << 13;
            state ^= state >>> 17;
            state ^= state << 5;
            values[i] = (int)(state[0] >> 1) >= _threshold ? values[i] * _kept : 0;
        }
        _state = state;
    }
}
