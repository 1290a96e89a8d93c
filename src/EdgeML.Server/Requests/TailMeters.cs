using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace EdgeML.Server.Requests;

/// <summary>The meter <c>EdgeML.Server</c>, one per server. Times are recorded as they come, which allocates nothing; counts are read when a
/// listener collects. Any thread.</summary>
sealed class TailMeters : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "EdgeML.Server";

    static readonly InstrumentAdvice<double> s_seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    };

    static readonly InstrumentAdvice<int> s_sizes = new() { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64] };
    static readonly KeyValuePair<string, object?> s_accepted = new("outcome", "accepted"), s_refused = new("outcome", "refused");

    readonly ModelDirectory _models;
    readonly Histogram<double> _queue;
    readonly Histogram<double> _compute;
    readonly Histogram<int> _batch;
    readonly Histogram<double> _handshakes;
    long _accepted;

    /// <param name="models">Whose counts are read.</param>
    public TailMeters(ModelDirectory models)
    {
        _models = models;
        _queue = Meter.CreateHistogram("edgeml.tail.queue.duration", "s", "From the payload's last byte to the start of computing", advice: s_seconds);
        _compute = Meter.CreateHistogram("edgeml.tail.compute.duration", "s", "Of a run, whatever the size of its batch", advice: s_seconds);
        _batch = Meter.CreateHistogram("edgeml.tail.batch.size", "{request}", "Requests computed together", advice: s_sizes);
        _handshakes = Meter.CreateHistogram("edgeml.tail.tls.handshake.duration", "s", "Of TLS handshakes, by outcome", advice: s_seconds);
        Meter.CreateObservableCounter("edgeml.tail.answers", Answers, "{request}", "Requests answered, by exit");
        Meter.CreateObservableCounter("edgeml.tail.refused.requests", RefusedRequests, "{request}", "Requests answered with an error, by reason");
        Meter.CreateObservableCounter("edgeml.tail.refused.connections", RefusedConnections, "{connection}", "Connections refused or ended by the tail, by reason");
        Meter.CreateObservableCounter("edgeml.tail.accepted.connections", () => Interlocked.Read(ref _accepted), "{connection}", "Connections accepted");
        Meter.CreateObservableCounter("edgeml.tail.received", () => Bytes(counts => counts.Received), "By", "Payload bytes of requests");
        Meter.CreateObservableCounter("edgeml.tail.sent", () => Bytes(counts => counts.Sent), "By", "Bytes of answers");
        Meter.CreateObservableGauge("edgeml.tail.models", Models, "{model}", "1 for every model served");
    }

    /// <summary>For gauges of parts that are not known here.</summary>
    public Meter Meter { get; } = new(MeterName);

    /// <summary>Connections refused or ended by the server.</summary>
    public RefusalCounts Refusals { get; } = new();

    public void Connected() => Interlocked.Increment(ref _accepted);

    public void Computed(ServedModel model, int rows, long ticks)
    {
        ModelCounts counts = model.Counts;
        _batch.Record(rows, counts.NameTag, counts.VersionTag);
        _compute.Record((double)ticks / Stopwatch.Frequency, counts.NameTag, counts.VersionTag);
    }

    /// <summary>A request left the queue, answered or not.</summary>
    public void Waited(TailJob job)
    {
        ModelCounts counts = job.Model.Counts;
        _queue.Record(job.Times.QueueMicros / 1e6, counts.NameTag, counts.VersionTag);
    }

    public void Handshake(bool isAccepted, TimeSpan duration) => _handshakes.Record(duration.TotalSeconds, isAccepted ? s_accepted : s_refused);

    public void Dispose() => Meter.Dispose();

    IEnumerable<Measurement<long>> Answers()
    {
        foreach (ModelCounts counts in _models.Counts)
            for (int exit = 1; exit <= counts.Exits; exit++)
                yield return new Measurement<long>(
                    counts.Answers(exit), counts.NameTag, counts.VersionTag, new("exit", exit.ToString(CultureInfo.InvariantCulture)));
    }

    IEnumerable<Measurement<long>> RefusedRequests()
    {
        foreach (ModelCounts counts in _models.Counts)
            foreach ((string reason, long count) in counts.Refusals.All())
                yield return new Measurement<long>(count, counts.NameTag, counts.VersionTag, new("reason", reason));
    }

    IEnumerable<Measurement<long>> RefusedConnections()
    {
        foreach ((string reason, long count) in Refusals.All()) yield return new Measurement<long>(count, new KeyValuePair<string, object?>("reason", reason));
    }

    IEnumerable<Measurement<long>> Bytes(Func<ModelCounts, long> of)
    {
        foreach (ModelCounts counts in _models.Counts) yield return new Measurement<long>(of(counts), counts.NameTag, counts.VersionTag);
    }

    IEnumerable<Measurement<int>> Models()
    {
        foreach (ModelCounts counts in _models.Counts) yield return new Measurement<int>(1, counts.NameTag, counts.VersionTag);
    }
}
