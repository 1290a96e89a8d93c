using System.Numerics;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Control.Costs;

/// <summary>Calibration samples laid out for counting: one array per exit, samples side by side, each with a difficulty stratum.</summary>
/// <remarks>
/// Strata are quantiles of the entropy at the first exit that can answer, finer towards the hard end. The mix of live inputs is a weight per
/// stratum; every expectation is a weighted sum over strata.
/// </remarks>
sealed class SampleSet
{
    public const int MaxSamples = CostDefaults.MaxSamples;
    /// <summary>Upper ends of the difficulty strata but the last, as quantiles of the first exit's entropy: finer where inputs are hard, because
    /// exits differ there.</summary>
    static readonly double[] s_quantiles = [0.25, 0.45, 0.6, 0.72, 0.82, 0.9, 0.96];
    /// <summary>An entropy that no threshold is above.</summary>
    internal const float Never = 2;

    readonly float[] _upper;

    /// <param name="calibration">Null for <see cref="NeutralPrior"/>.</param>
    /// <param name="exits">Of the model.</param>
    /// <param name="most">Samples at most.</param>
    /// <param name="doubts">Samples to add on which every side exit is sure and wrong and the whole network right: a share of answers
    /// that was not seen to be lost on N samples may still be some N-ths.</param>
    /// <param name="rule">Of the exits.</param>
    public SampleSet(ExitCalibration? calibration, int exits, int most = MaxSamples, int doubts = 0, ExitRule rule = default)
    {
        (Rule, StratumExit) = (rule, Math.Min(rule.FirstAble, exits - 1));
        ExitCalibration source = calibration ?? NeutralPrior.Create(exits, rule);
        if (source.Exits != exits)
            throw new ArgumentException($"calibration holds {source.Exits} exits per sample, the model has {exits}", nameof(calibration));
        if (source.Samples == 0)
            throw new ArgumentException("calibration holds no samples", nameof(calibration));
        Exits = exits;
        int real = Math.Min(source.Samples, most - doubts);
        Count = real + doubts;
        Padded = (Count + Vector<float>.Count - 1) / Vector<float>.Count * Vector<float>.Count;
        Entropies = new float[exits][];
        Correct = new float[exits][];
        for (int exit = 0; exit < exits; exit++)
        {
            (Entropies[exit], Correct[exit]) = (new float[Padded], new float[Padded]);
            for (int i = 0; i < real; i++)
            {
                int row = (int)((long)i * source.Samples / real);
                float entropy = source.Entropy(row, exit + 1);
                // NaN means "do not exit".
                Entropies[exit][i] = float.IsNaN(entropy) ? Never : entropy;
                Correct[exit][i] = source.IsCorrect(row, exit + 1) ? 1f : 0f;
            }
            for (int i = real; i < Count; i++)
                (Entropies[exit][i], Correct[exit][i]) = (exit < StratumExit ? Never : 0f, exit == exits - 1 ? 1f : 0f);
        }
        float[] sorted = Entropies[StratumExit][..real];
        Array.Sort(sorted);
        var upper = new List<float>();
        if (exits > 1)
        {
            foreach (double quantile in s_quantiles)
            {
                float bound = sorted[Math.Min(real - 1, (int)(quantile * real))];
                if (bound > sorted[0] && (upper.Count == 0 || bound > upper[^1])) upper.Add(bound);
            }
        }
        _upper = [.. upper];
        Strata = _upper.Length + 1;
        Stratum = new int[Count];
        StratumCount = new int[Strata];
        for (int i = 0; i < Count; i++)
        {
            Stratum[i] = StratumOf(Entropies[StratumExit][i]);
            StratumCount[Stratum[i]]++;
        }
        CalibratedMix = [.. StratumCount.Select(count => (double)count / Count)];
    }

    /// <summary>Exits per sample, the final one included.</summary>
    public int Exits { get; }

    /// <summary>The rule of the exits, which says which heads run under which thresholds.</summary>
    public ExitRule Rule { get; }

    /// <summary>The exit (0-based) whose entropy says which stratum a sample is in: the first one that can answer.</summary>
    public int StratumExit { get; }

    public int Count { get; }

    /// <summary>Array length: a whole number of vectors.</summary>
    public int Padded { get; }

    public int Strata { get; }

    public float[][] Entropies { get; }

    public float[][] Correct { get; }

    public int[] Stratum { get; }

    public int[] StratumCount { get; }

    /// <summary>Weights of the strata as calibrated.</summary>
    public double[] CalibratedMix { get; }

    /// <summary>The stratum an input with this entropy at <see cref="StratumExit"/> belongs to.</summary>
    public int StratumOf(float entropy)
    {
        int stratum = 0;
        while (stratum < _upper.Length && entropy >= _upper[stratum]) stratum++;
        return stratum;
    }

    /// <summary>The exit (0-based) at which a sample leaves.</summary>
    public int ExitOf(int sample, ReadOnlySpan<float> thresholds)
    {
        for (int exit = 0; exit < thresholds.Length; exit++)
        {
            if (Entropies[exit][sample] < thresholds[exit]) return exit;
        }
        return Exits - 1;
    }
}
