namespace EdgeML.Native.Inference.Streams;

/// <summary>Counts of times by length, in buckets that double. One thread adds, any thread reads.</summary>
public sealed class FrameHistogram
{
    /// <summary>Milliseconds: the first bucket holds shorter times.</summary>
    public const double FirstBoundMs = 0.125;

    const int Buckets = 18;

    readonly long[] _counts = new long[Buckets];
    double _largest;

    internal FrameHistogram()
    {
    }

    /// <summary>Upper bounds of the buckets, milliseconds, ascending; the last is infinite.</summary>
    public static IReadOnlyList<double> Bounds { get; } =
        [.. Enumerable.Range(0, Buckets - 1).Select(i => FirstBoundMs * (1L << i)), double.PositiveInfinity];

    /// <summary>Times counted.</summary>
    public long Count => Counts.Sum();

    /// <summary>By bucket of <see cref="Bounds"/>; a copy.</summary>
    public IReadOnlyList<long> Counts
    {
        get
        {
            var copy = new long[Buckets];
            for (int i = 0; i < Buckets; i++) copy[i] = Volatile.Read(ref _counts[i]);
            return copy;
        }
    }

    /// <summary>The largest time, milliseconds; 0 before the first.</summary>
    public double LargestMs => Volatile.Read(ref _largest);

    /// <summary>A bound that the given share of times does not exceed: the upper bound of the bucket it falls in, or the largest time where that is
    /// smaller; NaN before the first.</summary>
    /// <param name="share">0..1, for instance 0.99.</param>
    public double QuantileMs(double share)
    {
        if (!(share is >= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(share), share, "a share of 0..1");
        IReadOnlyList<long> counts = Counts;
        long all = counts.Sum(), before = 0;
        if (all == 0) return double.NaN;
        for (int i = 0; i < counts.Count; i++)
        {
            before += counts[i];
            if (before >= share * all) return Math.Min(Bounds[i], LargestMs);
        }
        return LargestMs;
    }

    internal void Add(double milliseconds)
    {
        int bucket = 0;
        while (bucket < Buckets - 1 && milliseconds >= Bounds[bucket]) bucket++;
        // First, so that a reader of the count sees a largest time that holds for it.
        if (milliseconds > _largest) Volatile.Write(ref _largest, milliseconds);
        Volatile.Write(ref _counts[bucket], _counts[bucket] + 1);
    }
}
