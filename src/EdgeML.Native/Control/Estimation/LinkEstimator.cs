using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Estimation;

/// <summary>What a controller believes of link and tail: the newest of what tasks measured and what the client reports.</summary>
/// <remarks>
/// Steady values are smoothed; a level change is taken at once, because a link that drops to a fifth must not be averaged down task by
/// task. A transfer that did not finish bounds the rate from above. Beliefs about a link that is not used grow old: they drift back to
/// the usual rate, so that it is tried again.
/// </remarks>
sealed class LinkEstimator
{
    const double JumpRatio = 1.35;

    /// <summary>Seconds after which a bad experience counts only half, unless something newer is known.</summary>
    const double ForgetSeconds = 5;

    /// <summary>Seconds for which a round trip measured by a task counts more than the client's, which takes the least of
    /// several.</summary>
    const double RttSeconds = 2;

    /// <summary>Assumed until anything is measured, bits a second.</summary>
    const double AssumedRate = 10e6;

    Smoothed _rate = new(0.4, JumpRatio);
    Smoothed _rtt = new(0.3, 2);
    Smoothed _tail = new(0.3, 1.5);
    double _queueMs;
    double _rateTime = double.NegativeInfinity;
    double _tailTime = double.NegativeInfinity;
    double _rttTime = double.NegativeInfinity;
    double _usualLogRate = Math.Log(AssumedRate);
    int _rates;
    bool _failed;

    /// <summary>Whether the link as last reported can be used.</summary>
    public bool Up { get; private set; }

    /// <summary>Learns from a task.</summary>
    /// <param name="record">The task.</param>
    /// <param name="profiledTailMs">What the tail's part should have taken by its profile.</param>
    /// <returns>Whether rate or tail are at a new level.</returns>
    public bool Observe(in TaskRecord record, double profiledTailMs)
    {
        bool moved = false;
        if (record.RateBitsPerSecond > 0 && double.IsFinite(record.RateBitsPerSecond))
            moved |= SetRate(record.RateBitsPerSecond, record.TimeSeconds);
        if (record.Offloaded)
        {
            _failed = false;
            double rttMs = record.WireMs - (8000 * record.BytesSent / record.RateBitsPerSecond);
            if (rttMs > 0.01)
            {
                moved |= _rtt.Add(rttMs) && rttMs > 5;
                _rttTime = record.TimeSeconds;
            }
            if (profiledTailMs > 0.01) moved |= _tail.Add(record.TailMs / profiledTailMs);
            _tailTime = record.TimeSeconds;
            _queueMs += 0.5 * (Math.Max(0, record.QueueMs) - _queueMs);
            if (record.QueueMs > 1 && record.QueueMs > 3 * _queueMs) _queueMs = record.QueueMs;
        }
        else if (record.Fallback)
        {
            moved = true;
            _failed = true;
            // Had the rate been this high, the bytes would have been through.
            double ceiling = record.BytesSent > 0 && record.WireMs > 0 ? 8000 * record.BytesSent / record.WireMs : double.NaN;
            if (ceiling < _rate.Value) _rate.Value = ceiling;
            _rate.Value *= 0.5;
            _rateTime = record.TimeSeconds;
        }
        return moved;
    }

    /// <summary>Learns from what the client reports, where that is newer.</summary>
    public void Observe(in LinkSnapshot link, double now)
    {
        Up = link.Up;
        double measured = now - link.AgeSeconds;
        if (link.RateBitsPerSecond > 0 && (measured > _rateTime + 0.01 || double.IsNaN(_rate.Value)))
        {
            if (_failed) _rate.Value = link.RateBitsPerSecond;
            SetRate(link.RateBitsPerSecond, measured);
            _failed = false;
        }
        if (link.RttMs > 0 && now > _rttTime + RttSeconds) _rtt.Add(link.RttMs);
        if (measured > _tailTime + 0.01 || double.IsNaN(_tail.Value))
        {
            if (link.TailFactor > 0) _tail.Add(link.TailFactor);
            if (link.TailQueueMs >= 0) _queueMs = link.TailQueueMs;
            _tailTime = measured;
        }
    }

    /// <summary>Puts the belief into planning conditions.</summary>
    public void Fill(ref PlanningConditions conditions, double now)
    {
        conditions.LinkUp = Up;
        double rate = double.IsNaN(_rate.Value) ? AssumedRate : _rate.Value;
        double usual = Math.Exp(_usualLogRate);
        if (rate < usual && double.IsFinite(_rateTime))
        {
            double forgotten = 1 - Math.Pow(0.5, Math.Max(0, now - _rateTime - ForgetSeconds) / ForgetSeconds);
            rate = Math.Exp(((1 - forgotten) * Math.Log(rate)) + (forgotten * _usualLogRate));
        }
        conditions.RateBitsPerSecond = Math.Max(rate, PlanningConditions.MinimumRate);
        conditions.RttMs = double.IsNaN(_rtt.Value) ? 0 : _rtt.Value;
        double idle = Math.Pow(0.5, Math.Max(0, now - _tailTime - ForgetSeconds) / ForgetSeconds);
        double tail = double.IsNaN(_tail.Value) ? 1 : _tail.Value;
        conditions.TailFactor = double.IsFinite(_tailTime) && tail > 1 ? 1 + ((tail - 1) * idle) : tail;
        conditions.TailQueueMs = double.IsFinite(_tailTime) ? _queueMs * idle : _queueMs;
    }

    bool SetRate(double rate, double time)
    {
        rate = Math.Max(rate, PlanningConditions.MinimumRate);
        _rates++;
        _usualLogRate += Math.Max(0.02, 1.0 / _rates) * (Math.Log(rate) - _usualLogRate);
        _rateTime = Math.Max(_rateTime, time);
        return _rate.Add(rate);
    }
}
