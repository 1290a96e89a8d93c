namespace EdgeML.Benchmarks.Processes;

/// <summary>What an edge process says of its counted tasks.</summary>
sealed record EdgeRunResult
{
    public double AllocatedBytesPerTask { get; init; }

    public int Collections { get; init; }

    public int OldCollections { get; init; }

    public long Offloaded { get; init; }

    public long Fallbacks { get; init; }

    /// <summary>Measurements the telemetry listener got.</summary>
    public long Measurements { get; init; }

    public long Decisions { get; init; }

    public double DecideMicros { get; init; }

    public long LearnSteps { get; init; }

    public double LearnMicros { get; init; }

    /// <summary>Deciding and learning over the time tasks took, warm-up included: the first decisions are the dear ones.</summary>
    public double ControlShare { get; init; }

    public double MeanLatencyMs { get; init; }

    public double Slowdown { get; init; }
}
