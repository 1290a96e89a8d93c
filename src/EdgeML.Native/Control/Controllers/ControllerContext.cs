using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Controllers;

/// <summary>The inputs from which a controller is made.</summary>
public sealed record ControllerContext
{
    /// <summary>Costs and accuracies of policies on this model, edge and tail. One model may serve several controllers.</summary>
    public required CostModel Model { get; init; }

    /// <summary>The policy of <c>fixed</c>; by default everything on the edge, no exit taken.</summary>
    public ExitPolicy? FixedPolicy { get; init; }

    /// <summary>The link that choices made once are made for; by default the first one measured.</summary>
    public LinkSnapshot? TypicalLink { get; init; }

    /// <summary>Seeds exploration, initial weights and replay, each with its own generator.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Where learning happens.</summary>
    public LearningMode Learning { get; init; } = LearningMode.Inline;

    /// <summary>Processor time that deciding and learning may take in <see cref="LearningMode.Background"/>, as a share of task
    /// time.</summary>
    public double LearningBudget { get; init; } = 0.02;

    /// <summary>The share that deciding and learning together may use; the rest is for watching tasks and reading clocks.</summary>
    internal double LearnerShare => 0.75 * LearningBudget;

    /// <summary>A quarter of the budget is for plans that are not urgent. A simulation has none: its runs must not depend on how fast this
    /// machine is.</summary>
    internal double PlanningShare => Learning == LearningMode.Background ? LearningBudget / 4 : double.PositiveInfinity;

    /// <summary>The reward of learning controllers.</summary>
    public RewardOptions Reward { get; init; } = new();

    /// <summary>A learning controller's experience on another device; mixed into its training at the start.</summary>
    public TransitionTrace? SourceTrace { get; init; }

    /// <summary>Share of a batch that comes from there at first, 0 to 1; it fades to nothing over 300 own transitions.</summary>
    public double SourceShare { get; init; } = 0.5;

    /// <summary>Updates from that experience alone, before the first decision; the paper only mixes.</summary>
    public int SourceUpdates { get; init; }

    /// <summary>Whether <c>edgeml</c> learns a residual on its plan; without, it executes every plan as it is, which shows the
    /// gain of the residual.</summary>
    internal bool LearnsResidual { get; init; } = true;

    /// <summary>Records a learning controller's experience, for another device. The caller saves it after the run.</summary>
    public TransitionTrace? RecordTrace { get; init; }
}
