using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Everything a replay depends on but controller and seed; immutable.</summary>
public sealed record ReplayScenario
{
    /// <summary>Share of the samples, every fifth, that calibrate the controllers' cost model; the others are replayed.</summary>
    const int CalibrateEvery = 5;

    /// <summary>Below this many samples all are used for both.</summary>
    const int LeastToSplit = 100;

    readonly ExitCalibration _calibration;
    readonly ExitCalibration _replayed;
    readonly Lazy<CostModel> _told;
    readonly Lazy<(int FromTask, ExitStatistics Statistics)[]> _populations;

    /// <summary>A scenario of a network and its exits' outputs for samples.</summary>
    /// <exception cref="ArgumentException">They do not fit each other.</exception>
    public ReplayScenario(ReplayProfile profile, ExitCalibration samples)
    {
        if (samples.Exits != profile.Manifest.Exits.Count)
            throw new ArgumentException(
                $"{samples.Source} holds {samples.Exits} exits per sample, " +
                $"profile {profile.Manifest.Name} has {profile.Manifest.Exits.Count}");
        // A profile knows times and sizes; how exits decide is in the samples.
        Profile = profile with { Manifest = profile.Manifest.WithExitRule(samples.Rule) };
        bool split = samples.Samples >= LeastToSplit;
        _calibration = split ? Every(samples, i => i % CalibrateEvery == 0) : samples;
        _replayed = split ? Every(samples, i => i % CalibrateEvery != 0) : samples;
        _told = new Lazy<CostModel>(ToldModel);
        _populations = new Lazy<(int, ExitStatistics)[]>(CountPopulations);
    }

    /// <summary>Copies a scenario for <c>with</c>; the copy builds its own cost model.</summary>
    ReplayScenario(ReplayScenario other)
    {
        (Profile, _calibration, _replayed) = (other.Profile, other._calibration, other._replayed);
        (Link, Bounds, Tasks, Power, Codec) = (other.Link, other.Bounds, other.Tasks, other.Power, other.Codec);
        (RawInput, ComputeJitter, RttJitterMs, Mismatch) = (other.RawInput, other.ComputeJitter, other.RttJitterMs, other.Mismatch);
        (Arrivals, Shift, DeadlineMs, ProbeSeconds) = (other.Arrivals, other.Shift, other.DeadlineMs, other.ProbeSeconds);
        (DecisionMicros, FixedPolicy, Reward) = (other.DecisionMicros, other.FixedPolicy, other.Reward);
        AllowStandby = other.AllowStandby;
        _told = new Lazy<CostModel>(ToldModel);
        _populations = new Lazy<(int, ExitStatistics)[]>(CountPopulations);
    }

    /// <summary>Network and times as known to controllers.</summary>
    public ReplayProfile Profile { get; }

    /// <summary>The link.</summary>
    public required LinkCourse Link { get; init; }

    /// <summary>The bounds; energy in the unit of <see cref="Power"/>.</summary>
    public required Requirements Bounds { get; init; }

    /// <summary>Number of tasks.</summary>
    public required int Tasks { get; init; }

    /// <summary>Energy of the edge: a declared power model, or the paper's frequency.</summary>
    public PowerModel Power { get; init; } = PowerModel.Default;

    /// <summary>The encoding of cut tensors. The replay charges the bytes only, not a codec's effect on accuracy.</summary>
    public TensorEncoding Codec { get; init; } = TensorEncoding.Float32;

    /// <summary>Whether the input itself may be sent.</summary>
    public bool RawInput { get; init; } = true;

    /// <summary>Standard deviation of computing times, as a share.</summary>
    public double ComputeJitter { get; init; } = 0.05;

    /// <summary>Standard deviation of the round-trip time, milliseconds.</summary>
    public double RttJitterMs { get; init; }

    /// <summary>By how much true unit times may differ from the profile, as a share; drawn per seed.</summary>
    public double Mismatch { get; init; }

    /// <summary>Whether controllers may choose a standby exit; the oracle always may.</summary>
    public bool AllowStandby { get; init; } = true;

    /// <summary>How tasks arrive; null for one after the other.</summary>
    public ArrivalProcess? Arrivals { get; init; }

    /// <summary>Which samples tasks draw.</summary>
    public InputShift Shift { get; init; } = InputShift.None;

    /// <summary>Milliseconds after which the edge finishes a task that the tail has not answered; by default, as live, the latency bound or a
    /// second.</summary>
    public double? DeadlineMs { get; init; }

    /// <summary>Seconds without a transfer after which the client probes the link; by default as live.</summary>
    public double ProbeSeconds { get; init; } = 1;

    /// <summary>The time of a decision, microseconds; null for the controller's declared time, NaN for the measured time, which differs
    /// from run to run.</summary>
    public double? DecisionMicros { get; init; }

    /// <summary>The policy of <c>fixed</c>.</summary>
    public ExitPolicy? FixedPolicy { get; init; }

    /// <summary>The reward that is reported, and that learning controllers see.</summary>
    public RewardOptions Reward { get; init; } = new();

    /// <summary>The cost model controllers are given. Shared by all seeds; never changed.</summary>
    internal CostModel Told => _told.Value;

    /// <summary>The true world of one seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="withPopulations">Whether to count the populations of inputs; only the oracle needs them.</param>
    internal VirtualWorld World(int seed, bool withPopulations = false)
    {
        var error = new Random(SeedOf(seed, 1));
        DeviceProfile edge = ProfileError.Draw(Profile.Edge, Mismatch, error) with { Power = Power };
        DeviceProfile tail = ProfileError.Draw(Profile.Tail, Mismatch, error);
        return new VirtualWorld
        {
            Manifest = Profile.Manifest,
            Edge = edge,
            Tail = tail,
            Samples = _replayed,
            Order = Shift.Draw(_replayed, Tasks, SeedOf(seed, 2)),
            Populations = withPopulations ? _populations.Value : null,
            Link = Link.At,
            Bounds = (_, _) => Bounds,
            Tasks = Tasks,
            Arrivals = Arrivals?.Draw(Tasks, SeedOf(seed, 3)),
            QueueLength = Arrivals?.QueueLength ?? int.MaxValue,
            DeadlineMs = DeadlineMs ?? (double.IsFinite(Bounds.LatencyMs) ? Bounds.LatencyMs : EdgeSessionOptions.DefaultDeadlineMs),
            PayloadBytes = PayloadBytes(),
            RawInput = RawInput,
            Jitter = ComputeJitter,
            RttJitterMs = RttJitterMs,
            ProbeSeconds = ProbeSeconds,
            Seed = SeedOf(seed, 4),
        };
    }

    /// <summary>Unrelated streams of one seed.</summary>
    static int SeedOf(int seed, int stream) => unchecked((int)((((uint)seed * 2654435761u) + ((uint)stream * 40503u)) & 0x7fffffff));

    (int FromTask, ExitStatistics Statistics)[] CountPopulations()
    {
        double[] pathCost = Told.PathCosts();
        ExitStatistics Of(InputMix mix) =>
            new(new SampleSet(Chosen(_replayed, InputShift.Pool(_replayed, mix)), _replayed.Exits, int.MaxValue, rule: Profile.Manifest.ExitRule), pathCost);
        int change = Shift.ChangeAt(Tasks);
        return change == 0 ? [(0, Of(Shift.After))] : [(0, Of(Shift.Before)), (change, Of(Shift.After))];
    }

    CostModel ToldModel() => new(
        Profile.Manifest, Profile.Edge with { Power = Power }, Profile.Tail, _calibration, Power, PayloadBytes(), RawInput)
    {
        AllowsStandby = AllowStandby,
    };

    long[] PayloadBytes() => PayloadSize.SentAtCuts(Profile.Manifest, Codec);

    static ExitCalibration Every(ExitCalibration samples, Func<int, bool> chosen)
    {
        return Chosen(samples, [.. Enumerable.Range(0, samples.Samples).Where(chosen)]);
    }

    static ExitCalibration Chosen(ExitCalibration samples, int[] rows)
    {
        return new ExitCalibration(
            samples.Exits,
            [.. rows.SelectMany(row => Enumerable.Range(1, samples.Exits).Select(exit => samples.Entropy(row, exit)))],
            [.. rows.SelectMany(row => Enumerable.Range(1, samples.Exits).Select(exit => samples.IsCorrect(row, exit)))],
            samples.Source, samples.Labelled)
        {
            Rule = samples.Rule,
        };
    }
}
