namespace EdgeML.Simulation.Sweeps;

/// <summary>The data of a sweep's page beside its cells.</summary>
sealed record SweepReport
{
    /// <summary>The cells with a row that ran to its end.</summary>
    public required IReadOnlyList<SweepCellResult> Results { get; init; }

    /// <summary>How the command was called; file names without folders.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The computer.</summary>
    public required string Machine { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Seeds per row.</summary>
    public required int Seeds { get; init; }

    /// <summary>The first of them.</summary>
    public int FirstSeed { get; init; } = 1;

    /// <summary>Runs that were done, of all in the plan that was asked for.</summary>
    public required int Done { get; init; }

    /// <summary>Runs of them that a journal had.</summary>
    public int Kept { get; init; }

    /// <summary>Those of them that an earlier build made.</summary>
    public int SpotChecked { get; init; }

    /// <summary>The options that left parts of the plan out, as written; empty for none.</summary>
    public string Filter { get; init; } = "";

    /// <summary>Runs in the plan that was asked for.</summary>
    public required int Runs { get; init; }

    /// <summary>Cells in that plan.</summary>
    public required int Cells { get; init; }

    /// <summary>Whether the plan was the short one.</summary>
    public required bool Quick { get; init; }

    /// <summary>The sweep, in one line.</summary>
    public override string ToString() => $"{Results.Count} results of {Cells} cells, {Seeds} seeds from {FirstSeed}, {Done} of {Runs} runs done";
}
