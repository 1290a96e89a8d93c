using System.Runtime.CompilerServices;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;

namespace EdgeML.Native.Control.Estimation;

/// <summary>How much slower or faster than profiled the edge computes, stretch by stretch of the network: a Kalman filter over the
/// stretches between exits.</summary>
/// <remarks>
/// A task tells the sum of what it ran. A profile is expected to be off by more for the whole device than for one stretch, so
/// <see cref="SharedShare"/>, 69 %, of what one stretch shows at first counts for the others. A level change, seen as an error far outside
/// its own spread, opens the filter again.
/// </remarks>
sealed class DeviceSpeedFilter
{
    /// <summary>Standard deviations of a profile's errors: the device's, and each stretch's own.</summary>
    const double CommonError = 0.06, OwnError = 0.04;

    /// <summary>Share of an error in one stretch that a filter without further knowledge takes for the whole device's.</summary>
    internal const double SharedShare = CommonError * CommonError / ((CommonError * CommonError) + (OwnError * OwnError));

    /// <summary>What the device may drift from one task to the next.</summary>
    const double Drift = 0.001;

    /// <summary>Errors beyond so many standard deviations are a new level.</summary>
    const double NewLevel = 6;

    readonly int[] _ends;
    readonly double[] _prefix;
    readonly double[] _headMs;
    readonly int[] _afterUnit;
    readonly double[] _scale;
    readonly double[,] _covariance;
    readonly double[] _ran;
    readonly double[] _gain;
    double _jitterSquare = 0.05 * 0.05;
    double _far;
    long _count;

    public DeviceSpeedFilter(CostModel model)
    {
        (_prefix, _headMs, _afterUnit) = (model.EdgePrefix, model.EdgeHeads, model.AfterUnits);
        int units = _prefix.Length - 1;
        _ends = [.. _afterUnit.Append(units).Distinct().Order()];
        _scale = new double[_ends.Length];
        Array.Fill(_scale, 1);
        _covariance = new double[_ends.Length, _ends.Length];
        (_ran, _gain) = (new double[_ends.Length], new double[_ends.Length]);
        Doubt(CommonError, OwnError);
    }

    /// <summary>Standard deviation of one computing time, as a share of it.</summary>
    public double Jitter => Math.Sqrt(_jitterSquare);

    /// <summary>Standard deviation of what is still unknown of a long stretch, as a share.</summary>
    public double Doubts => Math.Sqrt(_covariance[0, 0]);

    /// <summary>Learns from a task.</summary>
    /// <returns>Whether the edge is at a new level.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Observe(in TaskRecord record)
    {
        // Where the standby exit had no answer the edge went through the network once more.
        if (record.Fallback && record.StandbyUnits > 0 && !record.StandbyReady) return false;
        double expected = Ran(record);
        if (!(expected > 0.01) || !(record.EdgeMs > 0) || double.IsInfinity(record.EdgeMs)) return false;
        int n = _scale.Length;
        double profiled = 0;
        for (int i = 0; i < n; i++)
        {
            _covariance[i, i] += Drift * Drift;
            profiled += _ran[i];
        }
        double error = record.EdgeMs - expected;
        double variance = Gain(), noise = Math.Max(_jitterSquare, 1e-4) * expected * expected;
        bool moved = error * error > NewLevel * NewLevel * (variance + noise);
        if (moved)
        {
            // One task far too slow was kept waiting; two in a row are a new level, as slow as the faster one. Nothing but speed makes a
            // task fast.
            if (error > 0)
            {
                double before = _far;
                _far = error / expected;
                if (before == 0) return false;
                error = expected * Math.Min(_far, before);
            }
            Doubt(Math.Abs(error) / profiled, OwnError);
            variance = Gain();
        }
        _far = 0;
        double total = variance + noise;
        for (int i = 0; i < n; i++)
        {
            _scale[i] = Math.Clamp(_scale[i] + (_gain[i] * error / total), 0.02, 50);
            for (int j = 0; j < n; j++) _covariance[i, j] -= _gain[i] * _gain[j] / total;
        }
        if (moved) return true;
        // What the doubts explain of the error is not jitter.
        _count++;
        double jitter = Math.Max(0, (error * error) - variance) / (expected * expected);
        _jitterSquare += Math.Max(0.02, 1.0 / (20 + _count)) * (Math.Min(jitter, 0.04) - _jitterSquare);
        return false;
    }

    /// <summary>Covariance times what ran; returns how much of a task's time the doubts make uncertain, squared.</summary>
    double Gain()
    {
        double variance = 0;
        for (int i = 0; i < _gain.Length; i++)
        {
            _gain[i] = 0;
            for (int j = 0; j < _gain.Length; j++) _gain[i] += _covariance[i, j] * _ran[j];
            variance += _ran[i] * _gain[i];
        }
        return variance;
    }

    /// <summary>Writes corrected times.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(double[] prefix, double[] heads)
    {
        int stretch = 0;
        prefix[0] = 0;
        for (int unit = 1; unit < _prefix.Length; unit++)
        {
            while (unit > _ends[stretch]) stretch++;
            prefix[unit] = prefix[unit - 1] + (_scale[stretch] * (_prefix[unit] - _prefix[unit - 1]));
        }
        for (int head = 0; head < _headMs.Length; head++) heads[head] = _scale[StretchOf(_afterUnit[head])] * _headMs[head];
    }

    /// <summary>Splits what a task ran into stretches, as profiled; returns the milliseconds expected of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    double Ran(in TaskRecord record)
    {
        Array.Clear(_ran);
        int last = record.Exit >= 1 && record.Exit <= _afterUnit.Length ? _afterUnit[record.Exit - 1] : 0;
        bool stood = record.StoodBy;
        if (record.Offloaded || stood) last = Math.Clamp(record.Policy.Cut, 0, _prefix.Length - 1);
        (int tried, int before) = stood ? (last, _headMs.Length) : (last, record.Exit);
        if (stood) last = Math.Min(last + record.StandbyUnits, _prefix.Length - 1);
        int ready = record.StandbyReady ? record.Policy.Standby - 1 : -1;
        int start = 0;
        for (int stretch = 0; stretch < _ends.Length; stretch++)
        {
            int end = Math.Min(_ends[stretch], last);
            if (end > start) _ran[stretch] = _prefix[end] - _prefix[start];
            start = Math.Max(start, end);
        }
        ReadOnlySpan<float> thresholds = record.Policy.Thresholds;
        for (int head = 0; head < thresholds.Length && head < _headMs.Length; head++)
        {
            bool ran = thresholds[head] > 0f && _afterUnit[head] <= tried && head < before;
            if (ran || head == ready) _ran[StretchOf(_afterUnit[head])] += _headMs[head];
        }
        double expected = 0;
        for (int i = 0; i < _ran.Length; i++) expected += _ran[i] * _scale[i];
        return expected;
    }

    int StretchOf(int unit)
    {
        int stretch = 0;
        while (_ends[stretch] < unit) stretch++;
        return stretch;
    }

    void Doubt(double common, double own)
    {
        for (int i = 0; i < _scale.Length; i++)
        {
            for (int j = 0; j < _scale.Length; j++) _covariance[i, j] = (common * common) + (i == j ? own * own : 0);
        }
    }
}
