using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Links;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Demo;

/// <summary>The options of a demo run.</summary>
sealed record DemoOptions
{
    public string? Model { get; init; }

    public required DataSpec Data { get; init; }

    public LinkTrace? Trace { get; init; }

    /// <summary>Round-trip time where the trace does not give it.</summary>
    public double RttMs { get; init; } = 20;

    public required int Tasks { get; init; }

    public ulong Seed { get; init; } = 1;

    /// <summary>The inference library, on the edge and in the tail.</summary>
    public required BackendOptions Backend { get; init; }

    /// <summary>The same as arguments of <c>edgeml tail</c>.</summary>
    public IReadOnlyList<string> BackendArguments { get; init; } = [];

    /// <summary>The rows beside <c>edgeml</c>.</summary>
    public IReadOnlyList<string> Baselines { get; init; } = DemoRow.UsualBaselines;

    /// <summary>Baselines one after the other instead of at the same time.</summary>
    public bool OneByOne { get; init; }
}
