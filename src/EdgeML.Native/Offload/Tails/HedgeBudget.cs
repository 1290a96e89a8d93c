namespace EdgeML.Native.Offload.Tails;

/// <summary>Holds requests in addition to the share of tasks that the quantile leaves, whatever the answer times do. One thread at a
/// time.</summary>
/// <param name="quantile">Null for no such requests.</param>
sealed class HedgeBudget(double? quantile)
{
    const double Most = 4;

    double _left = quantile is null ? 0 : 1;

    /// <summary>A task is sent.</summary>
    public void Earn() => _left = Math.Min(Most, _left + (quantile is { } share ? 1 - share : 0));

    /// <summary>Takes one, if there is one.</summary>
    public bool TrySpend()
    {
        if (quantile is null || _left < 1) return false;
        _left--;
        return true;
    }

    /// <summary>It was not needed.</summary>
    public void Return() => _left++;
}
