using EdgeML.Native.Control.Rivals;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Control;

/// <summary>Makes controllers by the names of the command line.</summary>
public static class PolicyControllers
{
    /// <summary>One policy for ever.</summary>
    public const string Fixed = "fixed";

    /// <summary>The whole network on the edge, no exit taken.</summary>
    public const string EdgeOnly = "edge-only";

    /// <summary>Everything on the tail, no exit taken: the first cut there is.</summary>
    public const string TailOnly = "tail-only";

    /// <summary>Plans on the cost model.</summary>
    public const string Planner = "planner";

    /// <summary>Deep deterministic policy gradient from a cold start: the paper's.</summary>
    public const string Ddpg = "ddpg";

    /// <summary>The paper's, every threshold overridden by the first exit's.</summary>
    public const string DdpgFirst = "ddpg-t1";

    /// <summary>The paper's, every threshold overridden by the last exit's.</summary>
    public const string DdpgLast = "ddpg-tl";

    /// <summary>The paper's without exits: cut and interval only.</summary>
    public const string DdpgNonBranch = "ddpg-nonbranch";

    /// <summary>The best cut without exits, chosen once at the start.</summary>
    public const string Neurosurgeon = "neurosurgeon";

    /// <summary>The same, chosen again whenever the link has moved.</summary>
    public const string NeurosurgeonLive = "neurosurgeon-live";

    /// <summary>NSGA-III over the paper's actions, every candidate executed for an interval; the oldest fifth is measured again.</summary>
    public const string Nsga3 = "nsga3";

    /// <summary>The same, what was once measured counts for ever.</summary>
    public const string Nsga3Stale = "nsga3-stale";

    /// <summary>NSGA-III on the cost model and the measured link.</summary>
    public const string Nsga3Model = "nsga3-model";

    /// <summary>Our default: the planner's policy, moved by a learner that the planner guards.</summary>
    public const string EdgeML = "edgeml";

    /// <summary>The names <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        Fixed, EdgeOnly, TailOnly, Planner, Neurosurgeon, NeurosurgeonLive, Nsga3, Nsga3Stale, Nsga3Model,
        Ddpg, DdpgFirst, DdpgLast, DdpgNonBranch, EdgeML,
    ];

    /// <summary>Those of them that learn from transitions, so that a trace can be taken from them and given to them.</summary>
    public static IReadOnlyList<string> LearningNames { get; } = [Ddpg, DdpgFirst, DdpgLast, DdpgNonBranch, EdgeML];

    /// <summary>Makes a controller.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="context">What it works on.</param>
    /// <exception cref="ArgumentException">An unknown name, or a fixed policy that does not fit the model.</exception>
    public static IPolicyController Create(string name, ControllerContext context) => name switch
    {
        Fixed => new FixedController(Checked(context), context.Model),
        Planner => new PlannerController(context.Model, context.PlanningShare),
        EdgeOnly => Unbranched(context.Model, context.Model.LocalCut, name),
        TailOnly => Unbranched(context.Model, context.Model.Cuts[0], name),
        Neurosurgeon => new NeurosurgeonController(context.Model, live: false, context.TypicalLink),
        NeurosurgeonLive => new NeurosurgeonController(context.Model, live: true),
        Nsga3 => new MeasuredNsga3Controller(context),
        Nsga3Stale => new MeasuredNsga3Controller(context, remeasures: false),
        Nsga3Model => new ModelNsga3Controller(context),
        Ddpg => new DdpgController(context),
        DdpgFirst => new DdpgController(context, name: name, form: ThresholdForm.FirstForAll),
        DdpgLast => new DdpgController(context, name: name, form: ThresholdForm.LastForAll),
        DdpgNonBranch => new DdpgController(context, name: name, form: ThresholdForm.None),
        EdgeML => new EdgeMLController(context),
        _ => throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}", nameof(name)),
    };

    static FixedController Unbranched(CostModel model, int cut, string name) =>
        new(new ExitPolicy(new float[model.SideExits], cut, ControlLoop.MaxInterval), model, name);

    static ExitPolicy Checked(ControllerContext context)
    {
        CostModel model = context.Model;
        ExitPolicy policy = context.FixedPolicy ?? new ExitPolicy(new float[model.SideExits], model.LocalCut, ControlLoop.MaxInterval);
        if (policy.Exits != model.SideExits)
        {
            throw new ArgumentException(
                $"policy has {policy.Exits} thresholds, model {model.Manifest.Name} has {model.SideExits} side exits", nameof(context));
        }
        if (policy.Cut > model.LocalCut)
            throw new ArgumentException($"cut {policy.Cut} is outside 0..{model.LocalCut} of model {model.Manifest.Name}", nameof(context));
        StandbyRules.Check(policy, model.Manifest);
        return policy;
    }
}
