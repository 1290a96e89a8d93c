namespace EdgeML.Benchmarks.Processes;

/// <summary>The settings of an edge process.</summary>
sealed record EdgeRun
{
    public required string Package { get; init; }

    /// <summary>Tasks before anything is counted.</summary>
    public required int WarmUp { get; init; }

    /// <summary>Tasks counted.</summary>
    public required int Tasks { get; init; }

    /// <summary>Port of a tail on this machine, or 0 for none.</summary>
    public int TailPort { get; init; }

    /// <summary>Whether every task goes to the tail, whatever the controller plans; it still decides and learns.</summary>
    public bool AlwaysOffload { get; init; }

    /// <summary>Share of task time that deciding and learning may take; more of it makes a short run learn as much as a long one.</summary>
    public double LearningBudget { get; init; } = 0.02;

    /// <summary>Whether the slower edge of the demo is emulated, and the link of its fast phases.</summary>
    public bool Emulate { get; init; }
}
