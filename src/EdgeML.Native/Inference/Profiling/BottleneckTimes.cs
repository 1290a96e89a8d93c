using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>The times of a package's bottlenecks on this machine: a fraction of a millisecond each, so they are measured where they are used
/// instead of being kept.</summary>
static class BottleneckTimes
{
    const int Runs = 15;

    /// <summary>Medians over a few runs, milliseconds; takes some milliseconds a bottleneck.</summary>
    public static IReadOnlyList<(double EncodeMs, double DecodeMs)> Measure(BottleneckSet bottlenecks) =>
        [.. bottlenecks.Items.Select(item => Measure(item.Map!))];

    static (double EncodeMs, double DecodeMs) Measure(LinearBottleneck map)
    {
        float[] tensor = new float[map.Patches.Elements];
        byte[] payload = new byte[map.PayloadBytes];
        var encode = new double[Runs];
        var decode = new double[Runs];
        // Two runs more than are counted: the first ones also compile.
        for (int run = -2; run < Runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            map.Encode(tensor, payload);
            long between = Stopwatch.GetTimestamp();
            map.Decode(payload, tensor);
            if (run < 0) continue;
            encode[run] = Stopwatch.GetElapsedTime(start, between).TotalMilliseconds;
            decode[run] = Stopwatch.GetElapsedTime(between).TotalMilliseconds;
        }
        Array.Sort(encode);
        Array.Sort(decode);
        return (encode[Runs / 2], decode[Runs / 2]);
    }
}
