using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Loop;

/// <summary>Durations of decisions: sum, and the last few for a median.</summary>
sealed class DecisionTimes
{
    readonly double[] _recent = new double[512];

    public long Count { get; private set; }

    public double TotalMicros { get; private set; }

    public double MeanMicros => Count == 0 ? 0 : TotalMicros / Count;

    public void Add(double micros)
    {
        _recent[Count % _recent.Length] = micros;
        TotalMicros += micros;
        Count++;
    }

    /// <summary>Median over the recent ones; copies, so that reading never disturbs the writer.</summary>
    public double MedianMicros()
    {
        int count = (int)Math.Min(Count, _recent.Length);
        if (count == 0) return 0;
        Span<double> sorted = stackalloc double[count];
        _recent.AsSpan(0, count).CopyTo(sorted);
        sorted.Sort();
        return Statistics.Quantile(sorted, 0.5);
    }
}
