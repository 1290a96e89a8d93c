using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>Measures link and tail apart from each other. Any thread.</summary>
/// <remarks>
/// Rate: payload bytes over the tail's own receive span where the span is long enough, else over the rest of the total time when
/// round trip, computing and waiting are taken off. Round-trip time: the smallest of the last few samples, since everything that
/// disturbs a sample makes it larger. A sample that differs clearly from the rate moves it most of the way, a
/// second one in the same direction all the way, so that a change of level is followed within two transfers and noise is not.
/// </remarks>
sealed class LinkMeter(TimeProvider? clock = null)
{
    const int RttWindow = 5;
    const int SmallestTransfer = 1500;
    const double FastestRate = 1e10;

    readonly TimeProvider _clock = clock ?? TimeProvider.System;
    readonly object _gate = new();
    readonly double[] _rtts = new double[RttWindow];
    long _rttCount;
    double _rttMs = double.NaN;
    double _rate = double.NaN;
    int _leaning;
    long _rateAt;
    double _factor = double.NaN;
    double _queueMs;
    double _othersShare;
    long _tailAt;

    /// <summary>Smallest recent round trip, milliseconds; NaN before the first.</summary>
    public double RttMs
    {
        get
        {
            lock (_gate) return _rttMs;
        }
    }

    public double RateBitsPerSecond
    {
        get
        {
            lock (_gate) return _rate;
        }
    }

    /// <summary>Seconds since the rate was measured; infinite before.</summary>
    public double AgeSeconds
    {
        get
        {
            lock (_gate) return Age();
        }
    }

    /// <summary>A request or probe came back.</summary>
    /// <param name="totalMs">From sending to the answer.</param>
    /// <param name="frameBytes">Sent for it.</param>
    /// <param name="times">The tail's measurements.</param>
    /// <returns>The rate this transfer measured, in bits per second; NaN for none.</returns>
    public double Transfer(double totalMs, int frameBytes, in TransferTimes times)
    {
        lock (_gate)
        {
            double wireMs = Math.Max(1e-3, totalMs - ((times.ComputeMicros + (double)times.QueueMicros) / 1000));
            double spanMs = times.SpanMicros / 1000.0;
            double sample = Sample(wireMs, spanMs, frameBytes, times.SpanBytes);
            // Bytes that arrived together with the header took time as well, but before the span.
            double rate = double.IsNaN(sample) ? _rate : sample;
            double beforeMs = double.IsNaN(rate) ? 0 : (frameBytes - times.SpanBytes) * 8000.0 / rate;
            double rttMs = wireMs - spanMs - beforeMs;
            if (rttMs > 0) AddRtt(rttMs);
            if (!double.IsNaN(sample)) AddRate(sample);
            return sample;
        }
    }

    /// <summary>A request was computed on the tail.</summary>
    public void Tail(in TransferTimes times, double expectedMs)
    {
        lock (_gate)
        {
            _tailAt = _clock.GetTimestamp();
            Busy(times);
            _queueMs += 0.4 * ((times.QueueMicros / 1000.0) - _queueMs);
            if (!(expectedMs > 0)) return;
            double factor = Math.Max(0.05, times.ComputeMicros / 1000.0 / expectedMs);
            _factor = double.IsNaN(_factor) ? factor : _factor + (0.4 * (factor - _factor));
        }
    }

    /// <summary>The tail reported its load without a request; used when the last request is a while ago.</summary>
    public void Load(in TransferTimes times)
    {
        lock (_gate)
        {
            Busy(times);
            if (_tailAt != 0 && _clock.GetElapsedTime(_tailAt) < TimeSpan.FromSeconds(1)) return;
            if (times.Slowdown > 0 && float.IsFinite(times.Slowdown)) _factor = times.Slowdown;
            if (times.InFlight == 0) _queueMs *= 0.5;
        }
    }

    /// <summary>From sending a request to its answer, as far as link and tail are measured, milliseconds; NaN before the first
    /// measurement.</summary>
    /// <param name="bytes">Of the request.</param>
    /// <param name="computeMs">Profiled time on the tail; NaN where it is not known.</param>
    public double ExpectedMs(int bytes, double computeMs)
    {
        lock (_gate)
        {
            double tailMs = double.IsNaN(computeMs) ? 0 : computeMs * (_factor > 0 ? _factor : 1);
            double sendMs = _rate > 0 ? bytes * 8000.0 / _rate : 0;
            return _rttMs + sendMs + tailMs + Math.Max(_queueMs, _othersShare * tailMs);
        }
    }

    public LinkSnapshot Snapshot(bool up)
    {
        lock (_gate)
        {
            return new LinkSnapshot
            {
                Up = up,
                RateBitsPerSecond = _rate,
                RttMs = _rttMs,
                AgeSeconds = Age(),
                TailFactor = _factor,
                TailQueueMs = _queueMs,
            };
        }
    }

    // Requests beside one's own, as far as they keep the tail's threads busy.
    void Busy(in TransferTimes times) =>
        _othersShare = Math.Max(0, times.InFlight - 1) * (times.BusyShare is >= 0 and <= 1 ? times.BusyShare : 1);

    double Sample(double wireMs, double spanMs, int frameBytes, int spanBytes)
    {
        if (frameBytes < SmallestTransfer) return double.NaN;
        double transferMs = double.IsNaN(_rttMs) ? double.NaN : Math.Max(wireMs - _rttMs, 1e-3);
        double overall = Math.Min(FastestRate, frameBytes * 8000.0 / transferMs);
        if (spanMs >= 0.5 && spanBytes >= SmallestTransfer)
        {
            // A tail that was not scheduled in time finds more of the payload waiting than the link had brought by then.
            double span = Math.Min(FastestRate, spanBytes * 8000.0 / spanMs);
            return double.IsNaN(overall) ? span : Math.Min(span, 2 * overall);
        }
        // A transfer that drowns in the jitter of the round trip shows only that the link is at least so fast.
        double jitterMs = Math.Max(0.05, 0.25 * _rttMs);
        if (!(transferMs < jitterMs)) return overall;
        double least = Math.Min(FastestRate, frameBytes * 8000.0 / jitterMs);
        return least > _rate || double.IsNaN(_rate) ? least : double.NaN;
    }

    void AddRtt(double rttMs)
    {
        _rtts[_rttCount++ % RttWindow] = rttMs;
        _rttMs = rttMs;
        for (int i = 0; i < Math.Min(_rttCount, RttWindow); i++) _rttMs = Math.Min(_rttMs, _rtts[i]);
    }

    void AddRate(double sample)
    {
        _rateAt = _clock.GetTimestamp();
        if (double.IsNaN(_rate))
        {
            _rate = sample;
            return;
        }
        double step = Math.Log(sample / _rate);
        int direction = step > Math.Log(1.4) ? 1 : step < -Math.Log(1.4) ? -1 : 0;
        double share = direction == 0 ? 0.5 : direction == _leaning ? 1 : 0.75;
        _leaning = direction;
        _rate *= Math.Exp(share * step);
    }

    double Age() => _rateAt == 0 ? double.PositiveInfinity : _clock.GetElapsedTime(_rateAt).TotalSeconds;
}
