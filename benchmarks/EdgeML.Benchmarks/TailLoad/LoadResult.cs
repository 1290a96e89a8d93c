using EdgeML.Native.Numerics;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>The view that devices had of a server during one run.</summary>
/// <param name="PerSecond">Answers per second, all devices.</param>
/// <param name="P50">Median latency, milliseconds.</param>
/// <param name="P99">99th percentile, milliseconds.</param>
/// <param name="CpuMs">Processor time of the server per answer, milliseconds.</param>
/// <param name="ByDevice">Answers per second of every device.</param>
/// <param name="Refused">Requests that were answered with an error.</param>
sealed record LoadResult(double PerSecond, double P50, double P99, double CpuMs, double[] ByDevice, int Refused)
{
    /// <param name="latenciesMs">Of all answers; sorted here.</param>
    /// <param name="byDevice">Answers of every device.</param>
    /// <param name="seconds">Length of the run.</param>
    /// <param name="cpuSeconds">Of the server.</param>
    /// <param name="refused">Of all devices.</param>
    public static LoadResult Of(double[] latenciesMs, int[] byDevice, double seconds, double cpuSeconds, int refused)
    {
        Array.Sort(latenciesMs);
        return new LoadResult(
            latenciesMs.Length / seconds, Statistics.Quantile(latenciesMs, 0.5), Statistics.Quantile(latenciesMs, 0.99),
            1000 * cpuSeconds / latenciesMs.Length, [.. byDevice.Select(count => count / seconds)], refused);
    }

    /// <summary>Every number's median over runs; refusals are added.</summary>
    public static LoadResult Median(IReadOnlyList<LoadResult> runs) => new(
        Statistics.Median(runs.Select(run => run.PerSecond)), Statistics.Median(runs.Select(run => run.P50)),
        Statistics.Median(runs.Select(run => run.P99)), Statistics.Median(runs.Select(run => run.CpuMs)),
        [.. runs[0].ByDevice.Select((_, i) => Statistics.Median(runs.Select(run => run.ByDevice[i])))], runs.Sum(run => run.Refused));
}
