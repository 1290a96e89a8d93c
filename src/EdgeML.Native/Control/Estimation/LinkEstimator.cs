using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Estimation;

/// <summary>Estimates link and tail from measurements of tasks and reports of the client, whichever is newer.</summary>
/// <remarks>
/// Steady values are smoothed; a level change is taken at once, because a link that drops to a fifth must not be averaged down task by
/// task. A transfer that did not finish bounds the rate from above. The estimate of a link that is not used drifts
/// back to the usual rate, so that the link is tried again (equation 19 of docs/reference/control.md).
/// </remarks>
sealed class LinkEstimator
{
    Smoothed _rate = new(EstimationDefaults.RateWeight, EstimationDefaults.RateJump);
    Smoothed _rtt = new(EstimationDefaults.RttWeight, EstimationDefaults.RttJump);
    Smoothed _tail = new(EstimationDefaults.TailWeight, EstimationDefaults.TailJump);
    double _queueMs;
    double _rateTime = double.NegativeInfinity;
    double _tailTime = double.NegativeInfinity;
    double _rttTime = double.NegativeInfinity;
    double _usualLogRate = Math.Log(EstimationDefaults.AssumedRate);
    int _rates;
    bool _failed;
    int _tailNumber;

    /// <summary>Whether the link as last reported can be used.</summary>
    public bool Up { get; private set; }

    /// <summary>Learns from a task.</summary>
    /// <param name="record">The task.</param>
    /// <param name="profiledTailMs">The profiled time of the tail's part.</param>
    /// <returns>Whether rate or tail are at a new level.</returns>
    public bool Observe(in TaskRecord record, double profiledTailMs)
    {
        bool moved = false;
        if (record.RateBitsPerSecond > 0 && double.IsFinite(record.RateBitsPerSecond))
            moved |= SetRate(record.RateBitsPerSecond, record.TimeSeconds);
        if (record.Offloaded)
        {
            _failed = false;
            double rttMs = record.WireMs - Bandwidth.Milliseconds(record.BytesSent, record.RateBitsPerSecond);
            if (rttMs > EstimationDefaults.LeastMeasuredMs)
            {
                moved |= _rtt.Add(rttMs) && rttMs > EstimationDefaults.LeastRttJumpMs;
                _rttTime = record.TimeSeconds;
            }
            if (profiledTailMs > EstimationDefaults.LeastMeasuredMs) moved |= _tail.Add(record.TailMs / profiledTailMs);
            _tailTime = record.TimeSeconds;
            _queueMs += EstimationDefaults.QueueWeight * (Math.Max(0, record.TailQueueMs) - _queueMs);
            if (record.TailQueueMs > EstimationDefaults.LeastQueueJumpMs && record.TailQueueMs > EstimationDefaults.QueueJump * _queueMs)
                _queueMs = record.TailQueueMs;
        }
        else if (record.Fallback)
        {
            moved = true;
            _failed = true;
            // Had the rate been this high, the bytes would have been through.
            double ceiling = record.BytesSent > 0 && record.WireMs > 0 ? Bandwidth.BitsPerSecond(record.BytesSent, record.WireMs) : double.NaN;
            if (ceiling < _rate.Value) _rate.Value = ceiling;
            _rate.Value *= EstimationDefaults.LostRateFactor;
            _rateTime = record.TimeSeconds;
        }
        return moved;
    }

    /// <summary>Learns from the client's reports, where they are newer.</summary>
    public void Observe(in LinkSnapshot link, double now)
    {
        if (link.Tail != _tailNumber) Restart(link.Tail);
        Up = link.Up;
        double measured = now - link.AgeSeconds;
        if (link.RateBitsPerSecond > 0 && (measured > _rateTime + EstimationDefaults.SameMeasurementSeconds || double.IsNaN(_rate.Value)))
        {
            if (_failed) _rate.Value = link.RateBitsPerSecond;
            SetRate(link.RateBitsPerSecond, measured);
            _failed = false;
        }
        if (link.RttMs > 0 && now > _rttTime + EstimationDefaults.RttSeconds) _rtt.Add(link.RttMs);
        if (measured > _tailTime + EstimationDefaults.SameMeasurementSeconds || double.IsNaN(_tail.Value))
        {
            if (link.TailFactor > 0) _tail.Add(link.TailFactor);
            if (link.TailQueueMs >= 0) _queueMs = link.TailQueueMs;
            _tailTime = measured;
        }
    }

    /// <summary>Writes the estimates into planning conditions.</summary>
    public void Fill(ref PlanningConditions conditions, double now)
    {
        conditions.LinkUp = Up;
        double rate = double.IsNaN(_rate.Value) ? EstimationDefaults.AssumedRate : _rate.Value;
        double usual = Math.Exp(_usualLogRate);
        if (rate < usual && double.IsFinite(_rateTime))
        {
            double forgotten = 1 - Math.Pow(0.5, Math.Max(0, now - _rateTime - EstimationDefaults.ForgetSeconds) / EstimationDefaults.ForgetSeconds);
            rate = Math.Exp(((1 - forgotten) * Math.Log(rate)) + (forgotten * _usualLogRate)); // (19)
        }
        conditions.RateBitsPerSecond = Math.Max(rate, PlanningConditions.MinimumRate);
        conditions.RttMs = double.IsNaN(_rtt.Value) ? 0 : _rtt.Value;
        double idle = Math.Pow(0.5, Math.Max(0, now - _tailTime - EstimationDefaults.ForgetSeconds) / EstimationDefaults.ForgetSeconds);
        double tail = double.IsNaN(_tail.Value) ? 1 : _tail.Value;
        conditions.TailFactor = double.IsFinite(_tailTime) && tail > 1 ? 1 + ((tail - 1) * idle) : tail;
        conditions.TailQueueMs = double.IsFinite(_tailTime) ? _queueMs * idle : _queueMs;
    }

    /// <summary>Another tail, about which nothing is known from before; the usual rate is that of the device's own link.</summary>
    void Restart(int tail)
    {
        (_rate.Value, _rtt.Value, _tail.Value, _queueMs) = (double.NaN, double.NaN, double.NaN, 0);
        (_rateTime, _tailTime, _rttTime) = (double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity);
        (_failed, _tailNumber) = (false, tail);
    }

    bool SetRate(double rate, double time)
    {
        rate = Math.Max(rate, PlanningConditions.MinimumRate);
        _rates++;
        _usualLogRate += Math.Max(EstimationDefaults.UsualRateWeight, 1.0 / _rates) * (Math.Log(rate) - _usualLogRate);
        _rateTime = Math.Max(_rateTime, time);
        return _rate.Add(rate);
    }
}
