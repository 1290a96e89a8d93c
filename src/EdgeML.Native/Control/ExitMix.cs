using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Control;

/// <summary>Expected exit shares under the inputs as they are now: the strata tables blended by the strata's weights. One per
/// planner.</summary>
sealed class ExitMix
{
    readonly SampleSet _samples;
    readonly ThresholdGrid _grid;
    readonly float[] _sampleWeights;
    readonly double[] _strataWeights;
    bool _weighed;

    public ExitMix(SampleSet samples, ThresholdGrid grid)
    {
        (_samples, _grid) = (samples, grid);
        _sampleWeights = new float[samples.Padded];
        _strataWeights = new double[samples.Strata];
        Shares = [.. Enumerable.Range(0, samples.Exits).Select(_ => new float[grid.Count])];
        Rights = [.. Enumerable.Range(0, samples.Exits).Select(_ => new float[grid.Count])];
        Blend(samples.CalibratedMix);
    }

    public ThresholdGrid Grid => _grid;

    /// <summary>[exit][grid point]: share of inputs leaving there.</summary>
    public float[][] Shares { get; }

    /// <summary>[exit][grid point]: share of inputs leaving there with the right answer.</summary>
    public float[][] Rights { get; }

    /// <summary>Sets the weights of the strata; they should sum to 1.</summary>
    public void Blend(ReadOnlySpan<double> weights)
    {
        Span<Vector<float>> lanes = stackalloc Vector<float>[weights.Length];
        for (int stratum = 0; stratum < lanes.Length; stratum++) lanes[stratum] = new Vector<float>((float)weights[stratum]);
        for (int exit = 0; exit < Shares.Length; exit++)
        {
            Blend(_grid.Shares, exit, lanes, Shares[exit]);
            Blend(_grid.Rights, exit, lanes, Rights[exit]);
        }
        // Few ask for thresholds off the grid, and the samples are many times the grid's tables.
        weights.CopyTo(_strataWeights);
        _weighed = false;
    }

    /// <summary>Shares at one point of the grid, and right answers as the samples have them, whatever the grid credits.</summary>
    public void At(int point, Span<float> shares, Span<float> rights)
    {
        for (int exit = 0; exit < shares.Length; exit++)
        {
            shares[exit] = Shares[exit][point];
            rights[exit] = 0;
            for (int stratum = 0; stratum < _strataWeights.Length; stratum++)
                rights[exit] += (float)_strataWeights[stratum] * _grid.RightOnSamples[stratum][exit][point];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Weigh()
    {
        if (_weighed) return;
        _weighed = true;
        double[] weights = _strataWeights;
        Span<float> each = stackalloc float[weights.Length];
        for (int stratum = 0; stratum < each.Length; stratum++) each[stratum] = (float)(weights[stratum] / _samples.StratumCount[stratum]);
        int[] strata = _samples.Stratum;
        for (int i = 0; i < strata.Length; i++) _sampleWeights[i] = each[strata[i]];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Blend(float[][][] table, int exit, ReadOnlySpan<Vector<float>> weights, float[] blended)
    {
        for (int i = 0; i < blended.Length; i += Vector<float>.Count)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int stratum = 0; stratum < weights.Length; stratum++)
                sum = Vector.FusedMultiplyAdd(weights[stratum], Row(table[stratum][exit], i), sum);
            sum.CopyTo(blended, i);
        }

        // Rows of a table are as long as what is blended.
        static Vector<float> Row(float[] row, int start) => Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(row), (nuint)start);
    }

    /// <summary>Shares of any thresholds, counted over the weighted samples.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Measure(ReadOnlySpan<float> thresholds, Span<float> shares, Span<float> rights)
    {
        Weigh();
        shares.Clear();
        rights.Clear();
        int exits = _samples.Exits;
        Span<Vector<float>> shareSums = stackalloc Vector<float>[exits];
        Span<Vector<float>> rightSums = stackalloc Vector<float>[exits];
        shareSums.Clear();
        rightSums.Clear();
        for (int i = 0; i < _samples.Padded; i += Vector<float>.Count)
        {
            var open = new Vector<float>(_sampleWeights, i);
            for (int exit = 0; exit < exits - 1; exit++)
            {
                var taken = Vector.LessThan(new Vector<float>(_samples.Entropies[exit], i), new Vector<float>(thresholds[exit]));
                Vector<float> leaving = Vector.ConditionalSelect(taken, open, Vector<float>.Zero);
                shareSums[exit] += leaving;
                rightSums[exit] += leaving * new Vector<float>(_samples.Correct[exit], i);
                open -= leaving;
            }
            shareSums[exits - 1] += open;
            rightSums[exits - 1] += open * new Vector<float>(_samples.Correct[exits - 1], i);
        }
        for (int exit = 0; exit < exits; exit++)
        {
            shares[exit] = Vector.Sum(shareSums[exit]);
            rights[exit] = Vector.Sum(rightSums[exit]);
        }
    }
}
