using EdgeML.Native.Control.Observations;

namespace EdgeML.Native.Control.Planning;

/// <summary>Puts learned decisions aside while they satisfy less than half of what was predicted of them.</summary>
sealed class SafetyNet
{
    const double Weight = 1.0 / 20;
    const int RestDecisions = 50;
    double _kept = 1;
    double _promised = 1;
    int _rest;
    bool _moved;

    /// <summary>Whether learned decisions may be executed.</summary>
    public bool Trusts => _rest == 0;

    /// <summary>Remembers what was promised.</summary>
    public void Decided(bool moved, double promised)
    {
        _moved = moved;
        if (moved) _promised += Weight * (promised - _promised);
    }

    /// <summary>Looks at what came of it.</summary>
    public void Observe(in Observation observation)
    {
        if (_rest > 0 && --_rest == 0) (_kept, _promised) = (1, 1);
        if (!_moved || observation.Tasks == 0) return;
        _kept += Weight * (observation.Satisfaction - _kept);
        if (_kept < 0.5 * _promised) _rest = RestDecisions;
    }
}
