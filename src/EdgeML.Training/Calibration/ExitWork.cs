using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Calibration;

/// <summary>Multiply-accumulates of a task by the exit it leaves at, as a share of the whole network's without heads. Immutable.</summary>
sealed class ExitWork
{
    readonly double[] _units;
    readonly double[] _heads;
    readonly ExitRule _rule;

    public ExitWork(ModelManifest manifest)
    {
        _rule = manifest.ExitRule;
        double all = manifest.Units.Sum(unit => unit.Macs);
        if (!(all > 0)) throw new ArgumentException($"model {manifest.Name} has no multiply-accumulates to save");
        _units = [.. manifest.Exits.Select(exit => manifest.Units.Take(exit.AfterUnit).Sum(unit => unit.Macs) / all)];
        _heads = [.. manifest.Exits.Select(exit => exit.Macs / all)];
    }

    /// <summary>Share of the work that a task leaving at each exit does; exits that the rule does not try cost nothing.</summary>
    public void Fill(ReadOnlySpan<float> thresholds, Span<double> work)
    {
        double heads = 0;
        uint tried = _rule.Tried(thresholds);
        for (int exit = 0; exit < work.Length; exit++)
        {
            if (exit < thresholds.Length && (tried & (1u << exit)) != 0) heads += _heads[exit];
            work[exit] = _units[exit] + heads;
        }
    }
}
