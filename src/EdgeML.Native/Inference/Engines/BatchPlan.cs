namespace EdgeML.Native.Inference.Engines;

/// <summary>How one plan is computed for several rows on this machine. Immutable; any thread.</summary>
sealed class BatchPlan
{
    /// <summary>The saving per row that a size must reach against rows one by one, and a larger size against a smaller one.</summary>
    const double Margin = 0.05, Growth = 0.02;

    readonly double[] _ms;
    readonly bool _anyPays;

    /// <param name="key">What is executed.</param>
    /// <param name="engines">One per range.</param>
    /// <param name="measured">Milliseconds by number of rows, ascending; the first is one row as it is computed alone.</param>
    /// <param name="anyPays">Whether every number is taken for one that pays.</param>
    public BatchPlan(PlanKey key, IReadOnlyList<Engine> engines, IReadOnlyList<(int Rows, double Ms)> measured, bool anyPays = false)
    {
        (Key, Engines, _anyPays) = (key, engines, anyPays);
        _ms = new double[measured[^1].Rows + 1];
        for (int i = 1; i < measured.Count; i++)
        {
            (int rows, double ms) = measured[i - 1];
            for (int n = rows; n <= measured[i].Rows; n++)
                _ms[n] = ms + ((measured[i].Ms - ms) * (n - rows) / (measured[i].Rows - rows));
        }
        _ms[measured[0].Rows] = measured[0].Ms;
        double least = measured[0].Ms * (1 - Margin);
        foreach ((int rows, double ms) in measured.Skip(1))
        {
            if (ms / rows > least && !anyPays) continue;
            Most = rows;
            least = ms / rows * (1 - Growth);
        }
    }

    public PlanKey Key { get; }

    public IReadOnlyList<Engine> Engines { get; }

    /// <summary>Most rows that it pays to run together; 1 where none pays.</summary>
    public int Most { get; } = 1;

    /// <summary>Whether so many rows are computed faster together than one by one.</summary>
    public bool Pays(int rows) => rows > 1 && rows <= Most && (_anyPays || _ms[rows] < rows * _ms[1] * (1 - Growth));

    /// <summary>Milliseconds of so many rows, where no exit on the way is taken.</summary>
    public double Milliseconds(int rows)
    {
        int whole = Math.DivRem(rows, Most, out int rest);
        return (whole * _ms[Most]) + (Pays(rest) ? _ms[rest] : rest * _ms[1]);
    }

    public override string ToString() =>
        FormattableString.Invariant($"from cut {Key.Start}: {_ms[1]:0.000} ms alone, {_ms[Most] / Most:0.000} ms per row by {Most}");
}
