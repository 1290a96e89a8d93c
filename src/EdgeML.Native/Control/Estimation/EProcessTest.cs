namespace EdgeML.Native.Control.Estimation;

/// <summary>Sequential test of whether a rate of failures stays at or below a bound, valid at any time (equation 40 of docs/reference/control.md): a
/// stake that grows only when the bound is exceeded.</summary>
/// <remarks>
/// <see cref="Evidence"/> is an e-process. For a rate q above the bound p, a stake becomes q / p times itself at a failure and
/// (1 - q) / (1 - p) times at a success; as long as the true rate is at most p no such stake grows on average. A share
/// 1 / (t (t + 1)) of the capital is staked at observation t, so a change after a long quiet time is found with a stake that has lost
/// nothing yet, and capital that is not staked counts too. The capital starts at 1, is spread over several q, and by Ville's inequality reaches
/// 1 / a with probability at most a, at any time. Nothing is allocated after construction. Not thread-safe.
/// </remarks>
sealed class EProcessTest
{
    /// <summary>The rates on which stakes are placed, as multiples of the bound: a small excess takes long to find, a large one is found at
    /// once.</summary>
    static readonly double[] s_excess = [1.5, 2, 3, 5, 10, 25, 100];
    readonly double[] _atFailure;
    readonly double[] _atSuccess;
    readonly double[] _stakes;

    /// <param name="bound">The tested rate, above 0 and below 1.</param>
    public EProcessTest(double bound)
    {
        if (!(bound > 0 && bound < 1)) throw new ArgumentOutOfRangeException(nameof(bound), $"a rate of {bound} is not in 0..1");
        _stakes = new double[s_excess.Length];
        _atFailure = new double[s_excess.Length];
        _atSuccess = new double[s_excess.Length];
        for (int i = 0; i < s_excess.Length; i++)
        {
            // Above one half of the remaining capital all stakes are alike.
            double rate = Math.Min(bound * s_excess[i], (1 + bound) / 2);
            (_atFailure[i], _atSuccess[i]) = (rate / bound, (1 - rate) / (1 - bound));
        }
    }

    /// <summary>The value of an initial capital of 1.</summary>
    public double Evidence { get; private set; } = 1;

    /// <summary>Observations so far.</summary>
    public long Observations { get; private set; }

    /// <summary>Takes in one more.</summary>
    public void Observe(bool failed)
    {
        double time = ++Observations;
        double staked = 1 / (time * (time + 1));
        double[] factors = failed ? _atFailure : _atSuccess;
        double sum = 0;
        for (int i = 0; i < factors.Length; i++)
        {
            _stakes[i] = (_stakes[i] + staked) * factors[i];
            sum += _stakes[i];
        }
        Evidence = (sum / factors.Length) + (1 / (time + 1)); // (40)
    }

    /// <summary>Starts again.</summary>
    public void Reset()
    {
        Array.Clear(_stakes);
        (Evidence, Observations) = (1, 0);
    }
}
