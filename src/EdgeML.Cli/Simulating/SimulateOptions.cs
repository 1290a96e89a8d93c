using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The options of <c>edgeml simulate</c>, by subject.</summary>
sealed class SimulateOptions
{
    /// <summary>Every task's record is kept until the end: some 2 GB.</summary>
    const long MostTasks = 5_000_000;

    readonly Option<string> _profile = SharedOptions.Required(
        "--profile", "P.csv", "Unit and head times of edge and tail, from edgeml profile.");
    readonly Option<string?> _device = new("--device")
    {
        HelpName = "NAME",
        Description = "Edge device, a column edge_ms_NAME of the profile; not needed where there is one.",
    };
    readonly Option<string> _exits = SharedOptions.RecordedExits();
    readonly LinkOptions _link = new();
    readonly Option<string> _controller = SharedOptions.Required("--controller", "NAME", string.Join(" | ", ReplayControllers.Names));
    readonly Option<int?> _tasks = SharedOptions.Count("--tasks", "Number of tasks.");
    readonly Option<int?> _seeds = SharedOptions.Count("--seeds", "Number of seeds, 1, 2, ...; 1 unless given.");
    readonly Option<ulong?> _seed = new("--seed")
    {
        HelpName = "S",
        Description = "The first seed; 1 unless given.",
        CustomParser = Parse.Seed,
    };
    readonly ReplayBoundsOptions _bounds = new();
    readonly ConditionOptions _conditions = new();
    readonly PolicyOptions _policy = new();
    readonly ReplayExperienceOptions _experience = new();
    readonly Option<bool> _timing = new("--timing") { Description = "Also print how long the simulation took, in processor time." };
    readonly Option<string?> _json = SharedOptions.Json();
    readonly Option<string?> _series = SharedOptions.OutputFile(
        "--series", "F.csv", "Also write every task with the decision it ran under.");

    public SimulateOptions() => _tasks.Required = true;

    public IEnumerable<Option> All =>
    [
        _profile, _device, _exits, .. _link.All, _controller, _tasks, _seeds, _seed, .. _bounds.All, .. _conditions.All, .. _policy.All,
        .. _experience.All, _timing, _json, _series,
    ];

    /// <summary>The options, with the files they name read.</summary>
    /// <exception cref="ArgumentException">Options that do not go together.</exception>
    /// <exception cref="InvalidDataException">A file is malformed.</exception>
    public SimulateRequest Read(ParseResult parsed)
    {
        string controller = parsed.GetRequiredValue(_controller);
        if (!ReplayControllers.Names.Contains(controller))
            throw new ArgumentException($"controller '{controller}' is none of {string.Join(", ", ReplayControllers.Names)}{NearestName.Hint(controller, ReplayControllers.Names)}");
        ReplayScenario scenario = Scenario(parsed, controller);
        int seeds = parsed.GetValue(_seeds) ?? 1;
        if ((long)seeds * scenario.Tasks > MostTasks)
            throw new ArgumentException($"--tasks {scenario.Tasks} of --seeds {seeds} are more than the {MostTasks} kept in memory");
        var experience = _experience.Read(parsed, controller, seeds);
        return new SimulateRequest
        {
            Scenario = scenario,
            Controller = controller,
            FirstSeed = (int)Math.Min(parsed.GetValue(_seed) ?? 1, int.MaxValue - 1_000_000),
            Seeds = seeds,
            Traces = experience?.Traces,
            ExperienceOut = experience?.Files.Out,
            Timing = parsed.GetValue(_timing),
            Json = parsed.GetValue(_json),
            Series = parsed.GetValue(_series),
        };
    }

    ReplayScenario Scenario(ParseResult parsed, string controller)
    {
        ReplayProfile profile = ProfileFile.Load(parsed.GetRequiredValue(_profile), parsed.GetValue(_device));
        ExitCalibration samples = ExitsFile.Load(parsed.GetRequiredValue(_exits));
        ReplayBounds bounds = _bounds.Read(parsed);
        PolicyChoice policy = _policy.Read(parsed);
        if (controller != PolicyControllers.Fixed && policy.IsFixed)
            throw new ArgumentException($"--thresholds, --cut and --standby are the policy of controller fixed, not of {controller}");
        LinkChoice link = _link.Read(parsed);
        ReplayConditions conditions = _conditions.Read(parsed);
        ModelManifest manifest = profile.Manifest;
        return new ReplayScenario(profile, samples)
        {
            Link = link.Course,
            RttJitterMs = link.RttJitterMs,
            ComputeJitter = link.ComputeJitter,
            Bounds = bounds.Bounds,
            Power = bounds.PowerOf(profile.Edge.Device),
            Tasks = parsed.GetValue(_tasks)!.Value,
            RawInput = conditions.RawInput,
            Codec = conditions.Codec,
            Mismatch = conditions.Mismatch,
            Arrivals = conditions.Arrivals,
            Shift = conditions.Shift,
            DeadlineMs = conditions.DeadlineMs,
            ProbeSeconds = conditions.ProbeSeconds,
            DecisionMicros = conditions.DecisionMicros,
            FixedPolicy = new ExitPolicy(
                policy.Thresholds ?? new float[manifest.SideExits],
                (policy.Cut ?? CutChoice.Local).Resolve(manifest.LocalCut, manifest.Name), ControlIntervals.MaxInterval,
                standby: policy.Standby ?? 0),
            AllowStandby = policy.AllowStandby,
        };
    }
}

/// <summary>The options of a simulation.</summary>
sealed record SimulateRequest
{
    public required ReplayScenario Scenario { get; init; }

    public required string Controller { get; init; }

    /// <summary>The others follow it.</summary>
    public required int FirstSeed { get; init; }

    public required int Seeds { get; init; }

    /// <summary>Experience to use and to take down; null for none.</summary>
    public required ReplayTraces? Traces { get; init; }

    /// <summary>Where experience is written; like the files below null for nowhere.</summary>
    public required string? ExperienceOut { get; init; }

    /// <summary>Whether the processor time is shown.</summary>
    public required bool Timing { get; init; }

    public required string? Json { get; init; }

    public required string? Series { get; init; }
}
