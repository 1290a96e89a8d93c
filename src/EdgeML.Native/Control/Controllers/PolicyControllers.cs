using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

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

    /// <summary>The default: the planner's policy, moved by a learner that the planner guards.</summary>
    public const string EdgeML = "edgeml";

    /// <summary>The names <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        Fixed, EdgeOnly, TailOnly, Planner, Ddpg, DdpgFirst, DdpgLast, DdpgNonBranch, EdgeML,
    ];

    /// <summary>Those of them that learn from transitions, so that a trace can be taken from them and given to them.</summary>
    public static IReadOnlyList<string> LearningNames { get; } = [Ddpg, DdpgFirst, DdpgLast, DdpgNonBranch, EdgeML];

    /// <summary>Makes a controller.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="context">Its inputs.</param>
    /// <exception cref="ArgumentException">An unknown name, or a fixed policy that does not fit the model.</exception>
    public static IPolicyController Create(string name, ControllerContext context) => name switch
    {
        Fixed => new FixedController(Checked(context), context.Model),
        Planner => new PlannerController(context.Model, context.PlanningShare),
        EdgeOnly => Unbranched(context.Model, context.Model.LocalCut, name),
        TailOnly => Unbranched(context.Model, context.Model.Cuts[0], name),
        Ddpg => new DdpgController(context),
        DdpgFirst => new DdpgController(context, name: name, form: ThresholdForm.FirstForAll),
        DdpgLast => new DdpgController(context, name: name, form: ThresholdForm.LastForAll),
        DdpgNonBranch => new DdpgController(context, name: name, form: ThresholdForm.None),
        EdgeML => new EdgeMLController(context),
        _ => throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}", nameof(name)),
    };

    static FixedController Unbranched(CostModel model, int cut, string name) =>
        new(new ExitPolicy(new float[model.SideExits], cut, ControlIntervals.MaxInterval), model, name);

    static ExitPolicy Checked(ControllerContext context)
    {
        CostModel model = context.Model;
        ExitPolicy policy = context.FixedPolicy ?? new ExitPolicy(new float[model.SideExits], model.LocalCut, ControlIntervals.MaxInterval);
        if (policy.Exits != model.SideExits)
        {
            throw new ArgumentException(
                $"policy has {policy.Exits} thresholds, model {model.Manifest.Name} has {model.SideExits} side exits", nameof(context));
        }
        if (policy.Cut > model.LocalCut)
            throw new ArgumentException($"cut {policy.Cut} is outside 0..{model.LocalCut} of model {model.Manifest.Name}", nameof(context));
        HedgeSchedule.Check(policy, model.Manifest);
        return policy;
    }
}
