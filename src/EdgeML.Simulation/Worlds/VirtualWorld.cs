using EdgeML.Native.Control.Costs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Worlds;

/// <summary>Everything a virtual run happens in; immutable, so many runs may share one.</summary>
public sealed record VirtualWorld
{
    /// <summary>The model.</summary>
    public required ModelManifest Manifest { get; init; }

    /// <summary>True times of the edge; controllers may know others.</summary>
    public required DeviceProfile Edge { get; init; }

    /// <summary>True times of the idle tail.</summary>
    public required DeviceProfile Tail { get; init; }

    /// <summary>Every exit's output for every recorded sample.</summary>
    public required ExitCalibration Samples { get; init; }

    /// <summary>Sample of task 0, 1, ...; without it the samples in order, again from the start when they end.</summary>
    public IReadOnlyList<int>? Order { get; init; }

    /// <summary>Link and tail over time.</summary>
    public required VirtualLinkTrace Link { get; init; }

    /// <summary>Bounds over time (seconds, task).</summary>
    public required Func<double, int, Requirements> Bounds { get; init; }

    /// <summary>Number of tasks.</summary>
    public required int Tasks { get; init; }

    /// <summary>Milliseconds between inputs; a task that takes longer delays the next one. 0 for back to back.</summary>
    public double PeriodMs { get; init; }

    /// <summary>Milliseconds after the start of a task at which the edge stops waiting for the tail and finishes itself.</summary>
    public double DeadlineMs { get; init; } = double.PositiveInfinity;

    /// <summary>Bytes each cut puts on the wire, without frame; by default the manifest's.</summary>
    public IReadOnlyList<long>? PayloadBytes { get; init; }

    /// <summary>Whether cut 0 may be used.</summary>
    public bool RawInput { get; init; } = true;

    /// <summary>Standard deviation of every computing time, as a share of it.</summary>
    public double Jitter { get; init; }

    /// <summary>Standard deviation of the round-trip time of single transfers, milliseconds.</summary>
    public double RttJitterMs { get; init; }

    /// <summary>When each task arrives, seconds, ascending; waiting for the task before counts into its latency. Without it inputs come
    /// as <see cref="PeriodMs"/> says.</summary>
    public IReadOnlyList<double>? Arrivals { get; init; }

    /// <summary>Tasks of <see cref="Arrivals"/> that may wait while another one runs; a task that finds this many waiting is lost.</summary>
    public int QueueLength { get; init; } = int.MaxValue;

    /// <summary>Time that every decision costs the task after it, milliseconds; NaN charges the time on this machine.</summary>
    public double DecisionMs { get; init; }

    /// <summary>Seconds without a transfer after which the client probes the link.</summary>
    public double ProbeSeconds { get; init; } = 0.25;

    /// <summary>Seeds the jitter.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Sample of a task.</summary>
    public int SampleOf(int task) => Order is null ? task % Samples.Samples : Order[task % Order.Count];

    /// <summary>The population of the tasks from one on; without it all samples. For the oracle, which knows the true mix.</summary>
    internal IReadOnlyList<(int FromTask, ExitStatistics Statistics)>? Populations { get; init; }

    /// <summary>A cost model that knows the true times.</summary>
    public CostModel TrueModel() => new(Manifest, Edge, Tail, Samples, Edge.Power, PayloadBytes, RawInput);

    internal CostModel TrueModel(ExitStatistics statistics) => new(statistics, Manifest, Edge, Tail, Edge.Power, PayloadBytes, RawInput);
}
