using EdgeML.Native.Control;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Lab.Simulation.Replay;

/// <summary>Every controller a replay can run: those of the library, the oracle, and the two that never decide.</summary>
public static class ReplayControllers
{
    /// <summary>Knows true times, the true link and how hard inputs are.</summary>
    public const string Oracle = "oracle";

    /// <summary>The whole network on the edge.</summary>
    public const string EdgeOnly = "edge-only";

    /// <summary>Everything sent at the first cut there is: the input, or the first candidate where the input may not be sent.</summary>
    public const string TailOnly = "tail-only";

    /// <summary>The names <c>--controller</c> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. PolicyControllers.Names.Union([EdgeOnly, TailOnly, Oracle])];

    /// <summary>What a decision of a controller costs by declaration, microseconds.</summary>
    /// <remarks>Means measured with <c>--decision-us measured</c> over VGG16 with 18 candidate cuts on a desktop core, rounded up. A run
    /// charges these, not the clock, so that the same seed gives the same run on every machine.</remarks>
    public static double DeclaredMicros(string name) => name switch
    {
        PolicyControllers.Fixed or EdgeOnly or TailOnly or Oracle => 0,
        PolicyControllers.Ddpg => 10,
        PolicyControllers.Planner => 20,
        PolicyControllers.EdgeML => 30,
        _ => 20,
    };

    internal static IPolicyController Create(string name, ReplayScenario scenario, VirtualWorld world, VirtualEdge edge, int seed)
    {
        var context = new ControllerContext
        {
            Model = scenario.Told,
            FixedPolicy = scenario.FixedPolicy,
            Seed = seed,
            Learning = LearningMode.Inline,
            Reward = scenario.Reward,
        };
        var never = new float[context.Model.SideExits];
        if (name == Oracle) return new OracleController(world, edge.Truth);
        if (PolicyControllers.Names.Contains(name)) return PolicyControllers.Create(name, context);
        return name switch
        {
            EdgeOnly => Constant(context, new ExitPolicy(never, context.Model.LocalCut, ControlLoop.MaxInterval)),
            TailOnly => Constant(context, new ExitPolicy(never, context.Model.CandidateCuts[0], ControlLoop.MaxInterval)),
            _ => throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}"),
        };
    }

    static IPolicyController Constant(ControllerContext context, ExitPolicy policy) =>
        PolicyControllers.Create(PolicyControllers.Fixed, context with { FixedPolicy = policy });
}
