using EdgeML.Benchmarks.Offload;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The cost of an offload beside plain sockets.</summary>
static class OffloadTarget
{
    public const string Name = "offload";

    const double LargestRatio = 1.5;

    public static IEnumerable<TargetRow> Measure()
    {
        var contenders = OffloadPingPong.Measure();
        var (offload, awaited, plain, blocking) = (contenders[0], contenders[1], contenders[2], contenders[3]);
        yield return Row("offload 8 KB up, 64 B down, awaited, two processes / async-Socket ping-pong, p50", awaited, plain);
        // The waiting thread is woken by the receiving one, which costs more the busier the machine is.
        yield return Row("the same, waited for by a blocked thread", offload, plain);
        yield return TargetRow.Info("the same bytes over blocking sockets", $"{blocking.P50:0.0} µs");
    }

    static TargetRow Row(string what, (string Name, double P50, double P99) offload, (string Name, double P50, double P99) plain)
    {
        double ratio = offload.P50 / plain.P50;
        return TargetRow.AtMost(
            what, ratio, LargestRatio,
            $"{ratio:0.00} ({offload.P50:0.0} µs / {plain.P50:0.0} µs; p99 {offload.P99:0.0} µs / {plain.P99:0.0} µs)",
            $"<= {LargestRatio}");
    }
}
