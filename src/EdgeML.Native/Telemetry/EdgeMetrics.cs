using System.Diagnostics.Metrics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Telemetry;

/// <summary>The meter <c>EdgeML.Native</c>, for any OpenTelemetry or dotnet-counters listener. Recording allocates
/// nothing.</summary>
public static class EdgeMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "EdgeML.Native";

    static readonly Meter s_meter = new(MeterName);
    static readonly Histogram<double> s_latency = s_meter.CreateHistogram<double>("edgeml.task.latency", "ms",
        "End to end, by exit and place");
    static readonly Histogram<double> s_energy = s_meter.CreateHistogram<double>("edgeml.task.energy", "J", "Of the edge device");
    static readonly Counter<long> s_bytes = s_meter.CreateCounter<long>("edgeml.offload.bytes", "By", "Sent to the tail");
    static readonly Counter<long> s_fallbacks = s_meter.CreateCounter<long>("edgeml.offload.fallbacks", "{task}",
        "Answered on the edge instead of the tail, by reason");
    static readonly Counter<long> s_standbys = s_meter.CreateCounter<long>("edgeml.offload.standbys", "{task}",
        "Of these, answered by a standby exit at the deadline");

    static readonly Counter<long> s_contradictions = s_meter.CreateCounter<long>("edgeml.offload.contradictions", "{answer}",
        "Answers of the tail that contradict themselves or the request, by what is wrong with them");
    static readonly Counter<long> s_checks = s_meter.CreateCounter<long>("edgeml.promise.checks", "{task}",
        "Early answers compared with the whole network's");
    static readonly Gauge<double> s_evidence = s_meter.CreateGauge<double>("edgeml.promise.evidence", null,
        "Against the guarantee in force; 1 is none");
    static readonly Counter<long> s_tightened = s_meter.CreateCounter<long>("edgeml.promise.tightened", "{step}",
        "Limits tightened because the guarantee was in danger");
    static readonly Counter<long> s_frames = s_meter.CreateCounter<long>("edgeml.frames", "{frame}", "Of a stream, by outcome");
    static readonly Histogram<double> s_jitter = s_meter.CreateHistogram<double>("edgeml.frame.jitter", "ms",
        "By how much the time between two answers differs from the time between their frames");
    static readonly Counter<long> s_faults = s_meter.CreateCounter<long>("edgeml.background.faults", "{fault}",
        "Exceptions caught on background threads, whose work a slower path does instead");

    // Boxed once: a tag's value is an object.
    static readonly KeyValuePair<string, object?>[] s_exits =
        [.. Enumerable.Range(0, ExitPolicy.MaxExits + 2).Select(i => new KeyValuePair<string, object?>("exit", i))];
    static readonly KeyValuePair<string, object?> s_edge = new("where", "edge");
    static readonly KeyValuePair<string, object?> s_tail = new("where", "tail");

    static readonly KeyValuePair<string, object?>[] s_reasons =
        [.. Enum.GetNames<FallbackReason>().Select(reason => new KeyValuePair<string, object?>("reason", reason))];

    static readonly KeyValuePair<string, object?> s_same = new("answer", "same");
    static readonly KeyValuePair<string, object?> s_differs = new("answer", "differs");

    static readonly KeyValuePair<string, object?> s_inTime = new("outcome", "in-time");
    static readonly KeyValuePair<string, object?> s_late = new("outcome", "late");
    static readonly KeyValuePair<string, object?> s_dropped = new("outcome", "dropped");

    internal static void RecordFrame(bool late, double jitterMs)
    {
        s_frames.Add(1, late ? s_late : s_inTime);
        if (!double.IsNaN(jitterMs)) s_jitter.Record(jitterMs);
    }

    internal static void RecordDropped(int frames) => s_frames.Add(frames, s_dropped);

    internal static void RecordCheck(bool differs, double evidence)
    {
        s_checks.Add(1, differs ? s_differs : s_same);
        s_evidence.Record(evidence);
    }

    internal static void RecordTightened() => s_tightened.Add(1);

    internal static void RecordFault(string thread) => s_faults.Add(1, new KeyValuePair<string, object?>("thread", thread));

    internal static void RecordTask(int exit, bool offloaded, double latencyMs, double energyJ, long bytesSent)
    {
        s_latency.Record(latencyMs, s_exits[exit], offloaded ? s_tail : s_edge);
        s_energy.Record(energyJ);
        if (bytesSent > 0) s_bytes.Add(bytesSent);
    }

    internal static void RecordContradiction(string what) => s_contradictions.Add(1, new KeyValuePair<string, object?>("what", what));

    internal static void RecordFallback(FallbackReason reason, bool standby)
    {
        s_fallbacks.Add(1, s_reasons[(int)reason]);
        if (standby) s_standbys.Add(1);
    }
}
