using EdgeML.Native.Control.Observations;

namespace EdgeML.Native.Control.Planning;

/// <summary>Suspends learned decisions while they satisfy less than half of the expectation (equation 46 of docs/reference/control.md).</summary>
sealed class SafetyNet
{
    double _observed = 1;
    double _expected = 1;
    int _rest;
    bool _moved;

    /// <summary>Whether learned decisions may be executed.</summary>
    public bool Trusts => _rest == 0;

    /// <summary>Remembers the expected satisfaction of a decision.</summary>
    public void Decided(bool moved, double expected)
    {
        _moved = moved;
        if (moved) _expected += PlanningWeights.SafetyWeight * (expected - _expected);
    }

    /// <summary>Compares it with the observation.</summary>
    public void Observe(in Observation observation)
    {
        if (_rest > 0 && --_rest == 0) (_observed, _expected) = (1, 1);
        if (!_moved || observation.Tasks == 0) return;
        _observed += PlanningWeights.SafetyWeight * (observation.Satisfaction - _observed);
        if (_observed < PlanningWeights.SafetyShare * _expected) _rest = PlanningWeights.SafetyRestDecisions; // (46)
    }
}
