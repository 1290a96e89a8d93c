using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Estimation;

/// <summary>Predicts latencies from running tasks: computing times by <see cref="DeviceSpeedFilter"/>, rates by
/// <see cref="UplinkRatePredictor"/>, and the spread of both (equations 23 and 24 of docs/reference/control.md).</summary>
sealed class LatencyPredictor : InTimePredictor
{
    readonly DeviceSpeedFilter _speed;
    double _remoteSquare = EstimationDefaults.AssumedRemoteSquare;
    int _remotes;

    public LatencyPredictor(CostModel model)
    {
        _speed = new DeviceSpeedFilter(model);
        EdgePrefix = [.. model.EdgePrefix];
        EdgeHeads = [.. model.EdgeHeads];
        (EdgeSpread, RemoteSpreadMs) = (EstimationDefaults.AssumedEdgeSpread, Math.Sqrt(EstimationDefaults.AssumedRemoteSquare));
    }

    public UplinkRatePredictor Rates { get; } = new();

    /// <summary>Predicts as if sending took no longer than allowed: the value of the tail's answer after a good transfer.</summary>
    public bool AssumeSent { get; set; }

    /// <summary>Learns from a task.</summary>
    /// <param name="record">The task.</param>
    /// <param name="expectedRestMs">Expected time of round trip, tail and waiting.</param>
    /// <param name="edgeMoved">Whether the edge is at a new level.</param>
    /// <param name="linkMoved">Whether the link is.</param>
    public void Observe(in TaskRecord record, double expectedRestMs, out bool edgeMoved, out bool linkMoved)
    {
        edgeMoved = _speed.Observe(record);
        linkMoved = false;
        if (record.RateBitsPerSecond > 0) linkMoved = Rates.Observe(record.RateBitsPerSecond, SentAt(record));
        else if (record.Fallback && record.WireMs > EstimationDefaults.LeastWireMs)
            linkMoved = Rates.Observe(Math.Max(Bandwidth.BitsPerSecond(record.BytesSent, record.WireMs), EstimationDefaults.LeastLateRate), SentAt(record));
        if (!record.Offloaded) return;
        double sendMs = Bandwidth.Milliseconds(record.BytesSent, record.RateBitsPerSecond);
        if (record.StandbyMs > 0 && record.ServiceMs < record.EdgeMs + EstimationDefaults.ConcurrentAnswerMs) return;
        double error = record.ServiceMs - (record.EdgeMs - record.StandbyMs) - sendMs - expectedRestMs;
        if (!double.IsFinite(error)) return;
        double limit = (EstimationDefaults.RemoteLimitDeviations * Math.Sqrt(_remoteSquare)) + EstimationDefaults.RemoteLimitMs;
        error = Math.Clamp(error, -limit, limit);
        double weight = Math.Max(EstimationDefaults.RemoteWeight, 1.0 / (EstimationDefaults.RemotePriorAnswers + ++_remotes));
        _remoteSquare += weight * ((error * error) - _remoteSquare); // (23)
    }

    /// <summary>When the last byte was sent, or given up: the time after it, of the tail or the rest of the network here, tells nothing about the
    /// link but lets the measurement grow old.</summary>
    double SentAt(in TaskRecord record)
    {
        double sendMs = record.Fallback ? record.WireMs : Bandwidth.Milliseconds(record.BytesSent, record.RateBitsPerSecond);
        double laterMs = record switch
        {
            { StandbyMs: > 0 } => Math.Max(record.StandbyMs, record.WireMs + record.TailMs + record.TailQueueMs) - sendMs,
            { Fallback: true } => record.EdgeMs - EdgePrefix![Math.Clamp(record.Policy.Cut, 0, EdgePrefix.Length - 1)],
            _ => record.WireMs - sendMs + record.TailMs + record.TailQueueMs,
        };
        return laterMs > 0 ? record.TimeSeconds - (Math.Min(laterMs, record.ServiceMs) / 1000) : record.TimeSeconds;
    }

    /// <summary>Brings everything up to a moment.</summary>
    public void Refresh(double now)
    {
        _speed.Fill(EdgePrefix!, EdgeHeads!);
        double uncertainty = _speed.Uncertainty, jitter = _speed.Jitter;
        EdgeSpread = Math.Sqrt((jitter * jitter) + (uncertainty * uncertainty)); // (24)
        RemoteSpreadMs = Math.Sqrt(_remoteSquare);
        Rates.Refresh(now);
    }

    public override double SendMs(double edgeMs, double bytes) => Bandwidth.Milliseconds(bytes, Rates.MedianRate);

    public override double ShareSentWithin(double edgeMs, double bytes, double ms) =>
        ms <= 0 ? 0 : AssumeSent ? 1 : Rates.ShareAbove(Bandwidth.BitsPerSecond(bytes, ms));
}
