using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Control.Costs;

/// <summary>Expected exit shares under the inputs as they are now: the strata tables blended by the strata's weights. One per
/// planner.</summary>
sealed class ExitMix
{
    readonly SampleSet _samples;
    readonly ThresholdGrid _grid;
    readonly float[] _sampleWeights;
    readonly double[] _strataWeights;
    readonly float[][][] _standbys;
    readonly bool[] _standbyBlended;
    bool _weighed;

    public ExitMix(SampleSet samples, ThresholdGrid grid)
    {
        (_samples, _grid) = (samples, grid);
        _sampleWeights = new float[samples.Padded];
        _strataWeights = new double[samples.Strata];
        Shares = [.. Enumerable.Range(0, samples.Exits).Select(_ => new float[grid.Count])];
        Rights = [.. Enumerable.Range(0, samples.Exits).Select(_ => new float[grid.Count])];
        _standbys = [.. Enumerable.Range(1, samples.Exits - 1).Select(_ =>
            Enumerable.Range(0, samples.Exits).Select(_ => new float[grid.Count]).ToArray())];
        _standbyBlended = new bool[samples.Exits - 1];
        Blend(samples.CalibratedMix);
    }

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
        Array.Clear(_standbyBlended);
    }

    /// <summary>[exit][grid point]: share of inputs leaving there of which another exit would be right, as the grid credits it and as far as
    /// their difficulty tells.</summary>
    /// <param name="standby">The other exit, from 1.</param>
    public float[][] Standbys(int standby)
    {
        float[][] blended = _standbys[standby - 1];
        if (_standbyBlended[standby - 1]) return blended;
        _standbyBlended[standby - 1] = true;
        Span<Vector<float>> lanes = stackalloc Vector<float>[_strataWeights.Length];
        for (int stratum = 0; stratum < lanes.Length; stratum++)
            lanes[stratum] = new Vector<float>((float)_strataWeights[stratum] * _grid.Accuracies[stratum][standby - 1]);
        for (int exit = 0; exit < blended.Length; exit++) Blend(_grid.Shares, exit, lanes, blended[exit]);
        return blended;
    }

    /// <summary>Share of inputs that an exit would have right were it asked about all of them, as the grid credits it.</summary>
    /// <param name="exit">From 1.</param>
    public float RightShare(int exit)
    {
        double share = 0;
        for (int stratum = 0; stratum < _strataWeights.Length; stratum++)
            share += _strataWeights[stratum] * _grid.Accuracies[stratum][exit - 1];
        return (float)share;
    }

    /// <summary>Shares at one point of the grid, and right answers as the samples have them, whatever the grid credits.</summary>
    public void At(int point, Span<float> shares, Span<float> rights, int standby, Span<float> standbys)
    {
        float[][]? others = standby > 0 ? Standbys(standby) : null;
        for (int exit = 0; exit < shares.Length; exit++) standbys[exit] = others is null ? 0 : others[exit][point];
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
                sum = Vector.FusedMultiplyAdd(weights[stratum], Row(table[stratum][exit], i), sum); // (33)
            sum.CopyTo(blended, i);
        }

        // Rows of a table are as long as the blended values.
        static Vector<float> Row(float[] row, int start) => Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(row), (nuint)start);
    }

    /// <summary>Shares of any thresholds, counted over the weighted samples.</summary>
    /// <param name="thresholds">One per side exit.</param>
    /// <param name="shares">Receives the share of inputs leaving at each exit.</param>
    /// <param name="rights">Receives the share leaving there with the right answer.</param>
    /// <param name="standby">Another exit, from 1; 0 for none.</param>
    /// <param name="standbys">Receives the share leaving there of which the other exit is right.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Measure(ReadOnlySpan<float> thresholds, Span<float> shares, Span<float> rights, int standby, Span<float> standbys)
    {
        Weigh();
        standbys.Clear();
        Span<Vector<float>> standbySums = stackalloc Vector<float>[_samples.Exits];
        standbySums.Clear();
        float[] other = _samples.Correct[Math.Max(0, standby - 1)];
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
                if (standby > 0) standbySums[exit] += leaving * new Vector<float>(other, i);
                open -= leaving;
            }
            shareSums[exits - 1] += open;
            if (standby > 0) standbySums[exits - 1] += open * new Vector<float>(other, i);
            rightSums[exits - 1] += open * new Vector<float>(_samples.Correct[exits - 1], i);
        }
        for (int exit = 0; exit < exits; exit++)
        {
            shares[exit] = Vector.Sum(shareSums[exit]);
            rights[exit] = Vector.Sum(rightSums[exit]);
            if (standby > 0) standbys[exit] = Vector.Sum(standbySums[exit]);
        }
    }
}
