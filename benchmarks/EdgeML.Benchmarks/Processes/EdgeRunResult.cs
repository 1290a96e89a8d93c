namespace EdgeML.Benchmarks.Processes;

/// <summary>An edge process's report of its counted tasks.</summary>
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

    /// <summary>Watching, deciding and learning over the time tasks took, warm-up included.</summary>
    public double ControlShare { get; init; }

    /// <summary>The same over the counted tasks alone.</summary>
    public double ControlShareWhenWarm { get; init; }

    public double MeanLatencyMs { get; init; }

    public double Slowdown { get; init; }
}
