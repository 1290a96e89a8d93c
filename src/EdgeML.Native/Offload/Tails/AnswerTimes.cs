namespace EdgeML.Native.Offload.Tails;

/// <summary>The last answer times of a tail. One thread at a time.</summary>
sealed class AnswerTimes
{
    const int Kept = 128, Least = 16, SortEvery = 8;

    readonly double[] _times = new double[Kept];
    readonly double[] _sorted = new double[Kept];
    long _added;
    int _sortedCount;

    /// <summary>A task was answered, or overtaken, after so many milliseconds.</summary>
    public void Add(double milliseconds)
    {
        _times[_added++ % Kept] = milliseconds;
        if (_added < Least || _added % SortEvery != 0) return;
        _sortedCount = (int)Math.Min(_added, Kept);
        _times.AsSpan(0, _sortedCount).CopyTo(_sorted);
        _sorted.AsSpan(0, _sortedCount).Sort();
    }

    /// <summary>Milliseconds within which this share of them was answered; NaN for too few to tell.</summary>
    public double Quantile(double share) =>
        _sortedCount == 0 ? double.NaN : _sorted[Math.Clamp((int)Math.Ceiling(share * _sortedCount) - 1, 0, _sortedCount - 1)];
}
