using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Simulation.Baselines;

/// <summary>The link as measured, all else as profiled, and whether it has moved by more than a tenth since it was planned for.</summary>
sealed class LinkChangeDetector
{
    const double Moved = 1.1;

    readonly LinkEstimator _link = new();
    PlanningConditions _conditions = PlanningConditions.From(default);
    PlanningConditions _planned;
    Requirements _plannedFor;
    double _now;
    bool _hasPlan;

    public ref readonly PlanningConditions Conditions => ref _conditions;

    public void Observe(in LinkSnapshot link, double timeSeconds)
    {
        _now = Math.Max(_now, timeSeconds);
        _link.Observe(link, _now);
        _link.Fill(ref _conditions, _now);
    }

    /// <summary>Learns from a task; whether the rate is at a new level.</summary>
    public bool Observe(in TaskRecord record)
    {
        _now = record.TimeSeconds;
        // The tail's speed is its own report.
        return _link.Observe(record, profiledTailMs: double.NaN);
    }

    /// <summary>Why to plan again, <see cref="DecisionReason.Stable"/> if there is no reason. The caller plans accordingly.</summary>
    public DecisionReason Changed(in Requirements bounds)
    {
        DecisionReason reason = Compare(bounds);
        if (reason != DecisionReason.Stable) (_planned, _plannedFor, _hasPlan) = (_conditions, bounds, true);
        return reason;
    }

    DecisionReason Compare(in Requirements bounds)
    {
        if (!_hasPlan) return DecisionReason.Initial;
        if (bounds != _plannedFor) return DecisionReason.BoundsChanged;
        if (_conditions.LinkUp != _planned.LinkUp) return _conditions.LinkUp ? DecisionReason.LinkChanged : DecisionReason.LinkDown;
        if (Far(_conditions.RateBitsPerSecond, _planned.RateBitsPerSecond) || Far(_conditions.RttMs, _planned.RttMs))
            return DecisionReason.LinkChanged;
        return Far(_conditions.TailFactor, _planned.TailFactor) || Far(_conditions.TailQueueMs, _planned.TailQueueMs)
            ? DecisionReason.TailChanged : DecisionReason.Stable;
    }

    static bool Far(double a, double b) => a > b * Moved || b > a * Moved;
}
