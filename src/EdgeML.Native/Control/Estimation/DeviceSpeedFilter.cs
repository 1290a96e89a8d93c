using System.Runtime.CompilerServices;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Control.Estimation;

/// <summary>Estimates the edge's speed: a Kalman filter over one factor per range of the network between two exits (equations 25 to 29 of
/// docs/reference/control.md).</summary>
/// <remarks>
/// The state x holds the time of every range over its profile, P its covariance. A task measures the sum of the ranges it ran, so the
/// observation row H holds their profiled times. A profile is expected to err more for the whole device than for one range, so
/// <see cref="SharedShare"/>, 69 %, of an error in one range at first counts for the others. An error far outside its spread is a
/// level change and resets P.
/// </remarks>
sealed class DeviceSpeedFilter
{
    /// <summary>Share of an error in one range that a filter without further observations takes for the whole device's.</summary>
    internal const double SharedShare = EstimationDefaults.SharedError * EstimationDefaults.SharedError
        / ((EstimationDefaults.SharedError * EstimationDefaults.SharedError) + (EstimationDefaults.OwnError * EstimationDefaults.OwnError));

    readonly int[] _ends;
    readonly double[] _prefix;
    readonly double[] _headMs;
    readonly int[] _afterUnit;
    readonly ExitRule _rule;

    // x, P, H and P H', which is the gain K times S.
    readonly double[] _state;
    readonly double[,] _covariance;
    readonly double[] _row;
    readonly double[] _crossCovariance;
    double _jitterSquare = EstimationDefaults.AssumedJitter * EstimationDefaults.AssumedJitter;
    double _outlier;
    long _count;

    public DeviceSpeedFilter(CostModel model)
    {
        (_prefix, _headMs, _afterUnit, _rule) = (model.EdgePrefix, model.EdgeHeads, model.AfterUnits, model.Manifest.ExitRule);
        int units = _prefix.Length - 1;
        _ends = [.. _afterUnit.Append(units).Distinct().Order()];
        _state = new double[_ends.Length];
        Array.Fill(_state, 1);
        _covariance = new double[_ends.Length, _ends.Length];
        (_row, _crossCovariance) = (new double[_ends.Length], new double[_ends.Length]);
        ResetCovariance(EstimationDefaults.SharedError);
    }

    /// <summary>Standard deviation of one computing time, as a share of it.</summary>
    public double Jitter => Math.Sqrt(_jitterSquare);

    /// <summary>Standard deviation of the first range's factor.</summary>
    public double Uncertainty => Math.Sqrt(_covariance[0, 0]);

    /// <summary>Learns from a task.</summary>
    /// <returns>Whether the edge is at a new level.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Observe(in TaskRecord record)
    {
        // Where the standby exit had no answer the edge went through the network once more.
        if (record.Fallback && record.StandbyUnits > 0 && !record.StandbyReady) return false;
        double expected = ObservationRow(record);
        if (!(expected > EstimationDefaults.LeastComputeMs) || !(record.EdgeMs > 0) || double.IsInfinity(record.EdgeMs)) return false;
        int n = _state.Length;
        double profiled = 0;
        for (int i = 0; i < n; i++)
        {
            _covariance[i, i] += EstimationDefaults.SpeedDrift * EstimationDefaults.SpeedDrift; // (25)
            profiled += _row[i];
        }
        double innovation = record.EdgeMs - expected; // (26)
        double variance = Project(), noise = Math.Max(_jitterSquare, EstimationDefaults.LeastJitterSquare) * expected * expected;
        bool moved = innovation * innovation
            > EstimationDefaults.NewLevelDeviations * EstimationDefaults.NewLevelDeviations * (variance + noise); // (28)
        if (moved)
        {
            // One task far too slow was kept waiting; two in a row are a new level, as slow as the faster one. Nothing but speed makes a
            // task fast.
            if (innovation > 0)
            {
                double before = _outlier;
                _outlier = innovation / expected;
                if (before == 0) return false;
                innovation = expected * Math.Min(_outlier, before);
            }
            ResetCovariance(Math.Abs(innovation) / profiled);
            variance = Project();
        }
        _outlier = 0;
        double innovationVariance = variance + noise; // (26)
        for (int i = 0; i < n; i++)
        {
            _state[i] = Math.Clamp(_state[i] + (_crossCovariance[i] * innovation / innovationVariance), // (27)
                EstimationDefaults.LeastSpeedFactor, EstimationDefaults.MostSpeedFactor);
            for (int j = 0; j < n; j++) _covariance[i, j] -= _crossCovariance[i] * _crossCovariance[j] / innovationVariance; // (27)
        }
        if (moved) return true;
        // The part of the error that the uncertainty explains is not jitter.
        _count++;
        double jitter = Math.Max(0, (innovation * innovation) - variance) / (expected * expected);
        double weight = Math.Max(EstimationDefaults.JitterWeight, 1.0 / (EstimationDefaults.JitterPriorTasks + _count));
        _jitterSquare += weight * (Math.Min(jitter, EstimationDefaults.MostJitterSquare) - _jitterSquare); // (29)
        return false;
    }

    /// <summary>Computes P H'; returns H P H', the variance of a task's time that the uncertainty of x causes, square
    /// milliseconds.</summary>
    double Project()
    {
        double variance = 0;
        for (int i = 0; i < _crossCovariance.Length; i++)
        {
            _crossCovariance[i] = 0;
            for (int j = 0; j < _crossCovariance.Length; j++) _crossCovariance[i] += _covariance[i, j] * _row[j];
            variance += _row[i] * _crossCovariance[i];
        }
        return variance;
    }

    /// <summary>Writes corrected times.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fill(double[] prefix, double[] heads)
    {
        int range = 0;
        prefix[0] = 0;
        for (int unit = 1; unit < _prefix.Length; unit++)
        {
            while (unit > _ends[range]) range++;
            prefix[unit] = prefix[unit - 1] + (_state[range] * (_prefix[unit] - _prefix[unit - 1]));
        }
        for (int head = 0; head < _headMs.Length; head++) heads[head] = _state[RangeOf(_afterUnit[head])] * _headMs[head];
    }

    /// <summary>Fills H with the profiled milliseconds that a task ran of every range; returns H x, the milliseconds expected of
    /// it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    double ObservationRow(in TaskRecord record)
    {
        Array.Clear(_row);
        int last = record.Exit >= 1 && record.Exit <= _afterUnit.Length ? _afterUnit[record.Exit - 1] : 0;
        bool stood = record.StoodBy;
        if (record.Offloaded || stood) last = Math.Clamp(record.Policy.Cut, 0, _prefix.Length - 1);
        (int tried, int before) = stood ? (last, _headMs.Length) : (last, record.Exit);
        if (stood) last = Math.Min(last + record.StandbyUnits, _prefix.Length - 1);
        int ready = record.StandbyReady ? record.Policy.Standby - 1 : -1;
        int start = 0;
        for (int range = 0; range < _ends.Length; range++)
        {
            int end = Math.Min(_ends[range], last);
            if (end > start) _row[range] = _prefix[end] - _prefix[start];
            start = Math.Max(start, end);
        }
        uint heads = _rule.Tried(record.Policy.Thresholds);
        for (int head = 0; head < record.Policy.Exits && head < _headMs.Length; head++)
        {
            bool ran = (heads >> head & 1) != 0 && _afterUnit[head] <= tried && head < before;
            if (ran || head == ready) _row[RangeOf(_afterUnit[head])] += _headMs[head];
        }
        double expected = 0;
        for (int i = 0; i < _row.Length; i++) expected += _row[i] * _state[i]; // (26)
        return expected;
    }

    int RangeOf(int unit)
    {
        int range = 0;
        while (_ends[range] < unit) range++;
        return range;
    }

    /// <summary>P of a profile whose device-wide error has a standard deviation, and whose ranges err on their own as usual.</summary>
    void ResetCovariance(double shared)
    {
        const double Own = EstimationDefaults.OwnError;
        for (int i = 0; i < _state.Length; i++)
        {
            for (int j = 0; j < _state.Length; j++) _covariance[i, j] = (shared * shared) + (i == j ? Own * Own : 0); // (25)
        }
    }
}
