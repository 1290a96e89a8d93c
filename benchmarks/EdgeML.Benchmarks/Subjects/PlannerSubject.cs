using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>The planner on the shipped network's cuts and exits, an edge twelve times slower than its tail, and a link.</summary>
sealed class PlannerSubject
{
    const double MacsPerMs = 2e6;

    readonly CostModel _model;
    readonly Planner _planner;
    PlanningConditions _conditions;

    public PlannerSubject(string package)
    {
        using ModelPackage opened = ModelPackage.Open(package);
        ModelManifest manifest = opened.Manifest;
        var edge = new DeviceProfile
        {
            Device = "computed",
            UnitMs = [.. manifest.Units.Select(unit => unit.Macs / MacsPerMs)],
            HeadMs = [.. manifest.Exits.SkipLast(1).Select(exit => exit.Macs / MacsPerMs)],
        };
        _model = new CostModel(manifest, edge, tail: null, opened.Calibration);
        _planner = new Planner(_model);
        _conditions = PlanningConditions.From(default);
        _conditions.LinkUp = true;
    }

    public CostModel Model => _model;

    public string Sizes => $"{_model.CandidateCuts.Count} cuts, {_model.Grid.Count} threshold vectors";

    /// <summary>A full plan; the link is another one each time.</summary>
    public int Plan()
    {
        _conditions.RateBitsPerSecond = _conditions.RateBitsPerSecond is > 1e6 and < 20e6
            ? _conditions.RateBitsPerSecond * 1.1
            : 1.5e6;
        _conditions.RttMs = 10;
        return _planner.Find(_conditions, new Requirements(_model.LocalMs / 2, double.PositiveInfinity)).Cut;
    }
}
