using EdgeML.Native.Inference;

namespace EdgeML.Native.Control;

/// <summary>Makes controllers by the names of the command line.</summary>
public static class PolicyControllers
{
    /// <summary>One policy for ever.</summary>
    public const string Fixed = "fixed";

    /// <summary>Plans on the cost model.</summary>
    public const string Planner = "planner";

    /// <summary>Deep deterministic policy gradient from a cold start: the paper's.</summary>
    public const string Ddpg = "ddpg";

    /// <summary>Our default: the planner's policy, moved by a learner that the planner guards.</summary>
    public const string EdgeML = "edgeml";

    /// <summary>The names <see cref="Create"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [Fixed, Planner, Ddpg, EdgeML];

    /// <summary>Makes a controller.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="context">What it works on.</param>
    /// <exception cref="ArgumentException">An unknown name, or a fixed policy that does not fit the model.</exception>
    public static IPolicyController Create(string name, ControllerContext context) => name switch
    {
        Fixed => new FixedController(Checked(context), context.Model),
        Planner => new PlannerController(context.Model, context.PlanningShare),
        Ddpg => new DdpgController(context),
        EdgeML => new EdgeMLController(context),
        _ => throw new ArgumentException($"controller '{name}' is none of {string.Join(", ", Names)}", nameof(name)),
    };

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
        return policy;
    }
}
