using EdgeML.Benchmarks.Offload;

namespace EdgeML.Benchmarks.Bars;

/// <summary>What an offload costs beside plain sockets.</summary>
static class OffloadBar
{
    public const string Name = "offload";

    const double LargestRatio = 1.5;

    public static IEnumerable<BarRow> Measure()
    {
        var contenders = OffloadPingPong.Measure();
        var (offload, awaited, plain, blocking) = (contenders[0], contenders[1], contenders[2], contenders[3]);
        double ratio = offload.P50 / plain.P50;
        yield return BarRow.AtMost(
            "offload 8 KB up, 64 B down, two processes / async-Socket ping-pong, p50", ratio, LargestRatio,
            $"{ratio:0.00} ({offload.P50:0.0} us / {plain.P50:0.0} us; p99 {offload.P99:0.0} us / {plain.P99:0.0} us)", $"<= {LargestRatio}");
        yield return BarRow.Info("the same sent with await; blocking sockets", $"{awaited.P50:0.0} us; {blocking.P50:0.0} us");
    }
}
