using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Every controller a replay can run: those of the library, and the oracle.</summary>
public static class ReplayControllers
{
    /// <summary>Knows true times, the true link and how hard inputs are.</summary>
    public const string Oracle = "oracle";

    /// <summary><c>edgeml</c> without its learned residual: every plan is executed as it is. Only in the simulator, to show the
    /// gain of the residual.</summary>
    public const string EdgeMLPlan = "edgeml-plan";

    /// <summary>The names <c>--controller</c> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. BaselineControllers.Names, EdgeMLPlan, Oracle];

    /// <summary>The declared time of a controller's decision, microseconds.</summary>
    /// <remarks>Means over 2,000 to 16,000 decisions with <c>--decision-us measured</c>, VGG16 over a mobile trace, where most decisions
    /// are full plans, on one busy core; for edgeml the median of <c>--targets --only learning</c> on such a core. A run charges
    /// these and not the clock, so that a seed gives the same run everywhere.</remarks>
    public static double DeclaredMicros(string name) => name switch
    {
        PolicyControllers.Planner => 150,
        PolicyControllers.EdgeML or EdgeMLPlan => 25,
        BaselineControllers.Neurosurgeon or BaselineControllers.NeurosurgeonLive => 2,
        BaselineControllers.Nsga3 or BaselineControllers.Nsga3Stale => 75,
        BaselineControllers.Nsga3Model => 800,
        _ when name.StartsWith(PolicyControllers.Ddpg, StringComparison.Ordinal) => 5,
        _ => 0,
    };

    internal static IPolicyController Create(
        string name, ReplayScenario scenario, VirtualWorld world, VirtualEdge edge, int seed, ReplayTraces? traces)
    {
        if (name == Oracle) return new OracleController(world, edge.Truth);
        if (!Names.Contains(name)) throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}");
        return BaselineControllers.Create(
            name == EdgeMLPlan ? PolicyControllers.EdgeML : name,
            Context(scenario, seed, traces) with { LearnsResidual = name != EdgeMLPlan });
    }

    /// <summary>The inputs from which a controller of a replay is made.</summary>
    internal static ControllerContext Context(ReplayScenario scenario, int seed, ReplayTraces? traces) => new()
    {
        Model = scenario.Told,
        FixedPolicy = scenario.FixedPolicy,
        TypicalLink = Known(scenario.Link.Mean(scenario.Tasks)),
        Seed = seed,
        Learning = LearningMode.Inline,
        Reward = scenario.Reward,
        SourceTrace = traces?.Source,
        SourceShare = traces?.SourceShare ?? 0,
        SourceUpdates = traces?.SourceUpdates ?? 0,
        RecordTrace = traces?.Record,
    };

    static LinkSnapshot Known(VirtualLink link) =>
        new() { Up = true, RateBitsPerSecond = link.RateBitsPerSecond, RttMs = link.RttMs, TailFactor = 1 };
}
