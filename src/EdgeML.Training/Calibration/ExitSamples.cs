using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Calibration;

/// <summary>Calibration samples as guarantees see them: at every side exit the entropy and whether an answer there is lost.
/// Immutable.</summary>
sealed class ExitSamples
{
    readonly float[] _entropies;
    readonly bool[] _lost;

    /// <param name="record">Judged by labels or by agreement.</param>
    /// <param name="manifest">Of the model recorded.</param>
    /// <exception cref="ArgumentException">Exits that differ, no side exit, or no samples.</exception>
    public ExitSamples(ExitCalibration record, ModelManifest manifest)
    {
        if (record.Exits != manifest.Exits.Count)
            throw new ArgumentException($"the samples of {record.Source} have {record.Exits} exits, model {manifest.Name} has {manifest.Exits.Count}");
        if (record.Rule != manifest.ExitRule)
            throw new ArgumentException($"the samples of {record.Source} are of the exit rule {record.Rule}, model {manifest.Name} decides by {manifest.ExitRule}");
        if (record.Exits < 2) throw new ArgumentException($"model {manifest.Name} has no side exit, so nothing can be lost at one");
        if (record.Samples == 0) throw new ArgumentException($"{record.Source} has no samples");
        (Count, SideExits) = (record.Samples, record.Exits - 1);
        Work = new ExitWork(manifest);
        _entropies = new float[Count * SideExits];
        _lost = new bool[Count * SideExits];
        for (int sample = 0; sample < Count; sample++)
        {
            bool whole = record.IsCorrect(sample, record.Exits);
            for (int exit = 0; exit < SideExits; exit++)
            {
                int at = (sample * SideExits) + exit;
                float entropy = record.Entropy(sample, exit + 1);
                // Rounding may carry a uniform guess past 1, and NaN never exits: no threshold is above 2.
                _entropies[at] = entropy < 1f ? entropy : 2f;
                _lost[at] = whole && !record.IsCorrect(sample, exit + 1);
            }
        }
    }

    public int Count { get; }

    public int SideExits { get; }

    public ExitWork Work { get; }

    /// <summary>How far thresholds may grow along a direction until some exit fires and its answer is lost; infinite where none
    /// does.</summary>
    public double Reach(int sample, ReadOnlySpan<double> direction)
    {
        double reach = double.PositiveInfinity;
        int at = sample * SideExits;
        for (int exit = 0; exit < direction.Length; exit++)
        {
            if (_lost[at + exit] && direction[exit] > 0 && _entropies[at + exit] <= 1f)
                reach = Math.Min(reach, _entropies[at + exit] / direction[exit]);
        }
        return reach;
    }

    /// <summary>Samples of which any exit that fires below its limit is lost: at least as many as any policy inside the limits loses.</summary>
    public int LostInside(ReadOnlySpan<int> rows, ReadOnlySpan<float> limits)
    {
        int lost = 0;
        foreach (int row in rows)
        {
            int at = row * SideExits;
            for (int exit = 0; exit < limits.Length; exit++)
            {
                if (!_lost[at + exit] || !(_entropies[at + exit] < limits[exit])) continue;
                lost++;
                break;
            }
        }
        return lost;
    }

    /// <summary>Loss and saving of one policy on samples: lost tasks, and the mean share of the work not done.</summary>
    public (int Lost, double Saved) Measure(ReadOnlySpan<int> rows, ReadOnlySpan<float> thresholds)
    {
        Span<double> work = stackalloc double[SideExits + 1];
        Work.Fill(thresholds, work);
        (int lost, double done) = (0, 0);
        foreach (int row in rows)
        {
            int at = row * SideExits, exit = 0;
            while (exit < SideExits && !(_entropies[at + exit] < thresholds[exit])) exit++;
            if (exit < SideExits && _lost[at + exit]) lost++;
            done += work[exit];
        }
        return (lost, 1 - (done / rows.Length));
    }

    public float Entropy(int sample, int exit) => _entropies[(sample * SideExits) + exit];

    public bool IsLost(int sample, int exit) => _lost[(sample * SideExits) + exit];
}
