using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;

namespace EdgeML.Simulation.Baselines;

/// <summary>The controllers of the library and the systems it is compared with, by the names of the command line.</summary>
public static class BaselineControllers
{
    /// <summary>The best cut without exits, chosen once at the start.</summary>
    public const string Neurosurgeon = "neurosurgeon";

    /// <summary>The same, chosen again whenever the link has moved.</summary>
    public const string NeurosurgeonLive = "neurosurgeon-live";

    /// <summary>NSGA-III over the paper's actions, every candidate executed for an interval; the oldest fifth is measured again.</summary>
    public const string Nsga3 = "nsga3";

    /// <summary>The same, measurements count for ever.</summary>
    public const string Nsga3Stale = "nsga3-stale";

    /// <summary>NSGA-III on the cost model and the measured link.</summary>
    public const string Nsga3Model = "nsga3-model";

    /// <summary>The names <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        PolicyControllers.Fixed, PolicyControllers.EdgeOnly, PolicyControllers.TailOnly, PolicyControllers.Planner,
        Neurosurgeon, NeurosurgeonLive, Nsga3, Nsga3Stale, Nsga3Model,
        PolicyControllers.Ddpg, PolicyControllers.DdpgFirst, PolicyControllers.DdpgLast, PolicyControllers.DdpgNonBranch,
        PolicyControllers.EdgeML,
    ];

    /// <summary>Makes a controller.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="context">Its inputs.</param>
    /// <exception cref="ArgumentException">An unknown name, or a fixed policy that does not fit the model.</exception>
    public static IPolicyController Create(string name, ControllerContext context) => name switch
    {
        Neurosurgeon => new NeurosurgeonController(context.Model, live: false, context.TypicalLink),
        NeurosurgeonLive => new NeurosurgeonController(context.Model, live: true),
        Nsga3 => new MeasuredNsga3Controller(context),
        Nsga3Stale => new MeasuredNsga3Controller(context, remeasures: false),
        Nsga3Model => new ModelNsga3Controller(context),
        _ when Names.Contains(name) => PolicyControllers.Create(name, context),
        _ => throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}", nameof(name)),
    };
}
