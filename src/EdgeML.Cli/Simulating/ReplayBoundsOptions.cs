using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The options of the bounds; energy is one of joules or the paper's frequency.</summary>
sealed class ReplayBoundsOptions
{
    const double DefaultLatencyMs = 100;

    readonly Option<double?> _latency = SharedOptions.Positive("--latency-ms", "L", "Latency bound of a task; 100 unless given.");
    readonly Option<double?> _ghz = SharedOptions.Positive("--energy-ghz", "G", "Energy bound as the paper's GPU frequency.");
    readonly Option<double?> _joules = SharedOptions.Positive("--energy-j", "J", "Energy bound in joules by the declared power model.");
    readonly Option<string?> _ghzOver = SharedOptions.OneOf("--ghz-over",
        "Divisor of busy time: the latency bound (unless given), or, as the paper writes it, the task's own latency.",
        "bound", "latency");
    readonly Option<double?> _ghzMax = SharedOptions.Positive("--ghz-max", "F", "f_max; 0.92 for nano and 1.3 for others unless given.");

    public IEnumerable<Option> All => [_latency, _ghz, _joules, _ghzOver, _ghzMax];

    /// <exception cref="ArgumentException">Options that exclude or need each other.</exception>
    public ReplayBounds Read(ParseResult parsed)
    {
        double? ghz = parsed.GetValue(_ghz), joules = parsed.GetValue(_joules), ghzMax = parsed.GetValue(_ghzMax);
        string? ghzOver = parsed.GetValue(_ghzOver);
        if (ghz is not null && joules is not null)
            throw new ArgumentException($"--energy-ghz {ghz} and --energy-j {joules} are both given; energy has one bound");
        if (ghz is null && (ghzOver ?? (object?)ghzMax) is not null)
            throw new ArgumentException("--ghz-over and --ghz-max say how --energy-ghz is computed, which is not given");
        var bounds = new Requirements(parsed.GetValue(_latency) ?? DefaultLatencyMs, ghz ?? joules ?? double.PositiveInfinity);
        return new ReplayBounds(bounds, device => ghz is null ? PowerModel.Default : new FrequencyProxy(
            FrequencyProxy.DefaultIdleGhz, ghzMax ?? FrequencyProxy.MaxGhzOf(device),
            ghzOver == "latency" ? double.NaN : bounds.LatencyMs));
    }
}

/// <summary>The bounds, and a device's energy in their unit.</summary>
sealed record ReplayBounds(Requirements Bounds, Func<string, PowerModel> PowerOf);
