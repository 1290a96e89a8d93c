using System.Diagnostics;
using System.Diagnostics.Metrics;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Requests;

/// <summary>The meter <c>EdgeML.Server</c>, one per server. Recording allocates nothing. Any thread.</summary>
sealed class TailMeters : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "EdgeML.Server";

    readonly Meter _meter = new(MeterName);
    readonly Counter<long> _requests;
    readonly Histogram<double> _queue;
    readonly Histogram<double> _compute;
    readonly Histogram<int> _batch;
    readonly Counter<long> _exits;
    readonly Counter<long> _refusals;
    readonly Counter<long> _received;
    readonly Counter<long> _connections;

    // Boxed once: a tag's value is an object.
    static readonly KeyValuePair<string, object?>[] s_outcomes =
        [.. Enumerable.Range(0, byte.MaxValue + 1).Select(code => new KeyValuePair<string, object?>(
            "outcome", code == 0 ? "answered" : Enum.IsDefined((ErrorCode)code) ? ((ErrorCode)code).ToString().ToLowerInvariant() : "other"))];
    static readonly KeyValuePair<string, object?>[] s_exitTags =
        [.. Enumerable.Range(0, Native.Policies.ExitPolicy.MaxExits + 2).Select(exit => new KeyValuePair<string, object?>("exit", exit))];

    public TailMeters(Func<int> connections, Func<int> inFlight, Func<long> stagingBytes)
    {
        _requests = _meter.CreateCounter<long>("edgeml.tail.requests", "{request}", "Requests by outcome");
        _queue = _meter.CreateHistogram<double>("edgeml.tail.queue.duration", "s", "From the payload's last byte to the start of computing");
        _compute = _meter.CreateHistogram<double>("edgeml.tail.compute.duration", "s", "Of a run, whatever the size of its batch");
        _batch = _meter.CreateHistogram<int>("edgeml.tail.batch.size", "{request}", "Requests computed together");
        _exits = _meter.CreateCounter<long>("edgeml.tail.answers", "{request}", "Answers by exit");
        _refusals = _meter.CreateCounter<long>("edgeml.tail.refused.connections", "{connection}", "Connections refused, by reason");
        _received = _meter.CreateCounter<long>("edgeml.tail.received", "By", "Payload bytes of requests");
        _connections = _meter.CreateCounter<long>("edgeml.tail.accepted.connections", "{connection}", "Connections accepted");
        _meter.CreateObservableGauge("edgeml.tail.connections", connections, "{connection}", "Connected now");
        _meter.CreateObservableGauge("edgeml.tail.in_flight", inFlight, "{request}", "Requests received, waiting or computed now");
        _meter.CreateObservableGauge("edgeml.tail.staging", stagingBytes, "By", "Memory held for payloads");
    }

    public void Connected() => _connections.Add(1);

    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Received(ServedModel model, int bytes) => _received.Add(bytes, model.Tag);

    public void Computed(ServedModel model, int rows, long ticks)
    {
        _batch.Record(rows, model.Tag);
        _compute.Record((double)ticks / Stopwatch.Frequency, model.Tag);
    }

    public void Answered(TailJob job, ErrorCode code)
    {
        _requests.Add(1, s_outcomes[(byte)code], job.Model.Tag);
        _queue.Record(job.Times.QueueMicros / 1e6, job.Model.Tag);
        if (code == 0) _exits.Add(1, s_exitTags[Math.Clamp(job.Row.Answer.Exit, 0, s_exitTags.Length - 1)], job.Model.Tag);
    }

    /// <summary>A request was refused before its payload was received.</summary>
    public void Refused(ServedModel model, ErrorCode code) => _requests.Add(1, s_outcomes[(byte)code], model.Tag);

    public void Dispose() => _meter.Dispose();
}
