using System.Diagnostics;
using EdgeML.Native.Numerics;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>Measures two actions in turns, so that whatever else the machine does meets both alike.</summary>
/// <param name="FirstMicros">Median of the first action.</param>
/// <param name="SecondMicros">Median of the second.</param>
/// <param name="Ratio">Median over pairs of first / second.</param>
/// <param name="DifferenceMicros">Median over pairs of first - second.</param>
/// <param name="QuietDifferenceMicros">Difference of the 20th percentiles: less affected where other programs interrupt many run
/// s.</param>
/// <param name="Pairs">Pairs measured.</param>
readonly record struct Interleaved(
    double FirstMicros, double SecondMicros, double Ratio, double DifferenceMicros, double QuietDifferenceMicros, int Pairs)
{
    const int WarmUpPairs = 20;

    public static Interleaved Measure(Action first, Action second, int pairs)
    {
        double[] a = new double[pairs], b = new double[pairs], ratio = new double[pairs], difference = new double[pairs];
        for (int i = -WarmUpPairs; i < pairs; i++)
        {
            // The one that runs second finds the other's data in the caches: each has that place half of the time.
            bool swap = (i & 1) != 0;
            double one = Time(swap ? second : first);
            double two = Time(swap ? first : second);
            if (i < 0) continue;
            (a[i], b[i]) = swap ? (two, one) : (one, two);
            ratio[i] = a[i] / b[i];
            difference[i] = a[i] - b[i];
        }
        return new Interleaved(Statistics.Median(a), Statistics.Median(b), Statistics.Median(ratio), Statistics.Median(difference), Quiet(a) - Quiet(b), pairs);
    }

    /// <summary>Median microseconds of one call, from rounds of many.</summary>
    public static double PerCall(Action action, int callsPerRound, int rounds = 200)
    {
        double[] micros = new double[rounds];
        for (int round = -(rounds / 10) - 1; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < callsPerRound; i++) action();
            double took = Stopwatch.GetElapsedTime(start).TotalMicroseconds / callsPerRound;
            if (round >= 0) micros[round] = took;
        }
        return Statistics.Median(micros);
    }

    static double Quiet(double[] values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return Statistics.Quantile(sorted, 0.2);
    }

    static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }
}
