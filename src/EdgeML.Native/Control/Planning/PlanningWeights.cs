namespace EdgeML.Native.Control.Planning;

/// <summary>Constants of the planners, with units and reasons; docs/reference/control.md lists them beside its equations.</summary>
static class PlanningWeights
{
    // The objective, equations 8 to 10.

    /// <summary>Value of a satisfied but wrong answer, relative to 1 for a right one: bounds come before the last bit of accuracy.</summary>
    public const float SatisfactionWeight = 0.1f;

    /// <summary>Cost of a whole bound of latency or energy, in goodput: enough to decide between equals.</summary>
    public const float TieWeight = 0.002f;

    /// <summary>Bounds of latency and energy counted in the tie at most; an unusable link must not drown everything else.</summary>
    public const double MostTie = 50;

    /// <summary>Least bound of latency, milliseconds, and of energy, joules, that a tie is measured in; keeps a division finite.</summary>
    public const double LeastScaleMs = 1e-9, LeastScaleJ = 1e-12;

    /// <summary>Added to the squared margin on energy, square joules; keeps a division finite.</summary>
    public const float LeastMarginSquare = 1e-20f;

    /// <summary>Score below which no plan is useful. The plan that violates the bounds least is taken.</summary>
    public const float WorthwhileScore = 0.02f;

    /// <summary>Cost of an answer that is certainly late where no plan is useful, as a share of a bound.</summary>
    public const float LateWeight = 0.5f;

    /// <summary>Expected satisfaction below which a decision reports that the bounds cannot be met.</summary>
    public const double MetShare = 0.5;

    // Standby exits, equations 9, 14 and 15.

    /// <summary>Cost of a late request beyond its own task, in goodput: nothing is sent until its answer is there.</summary>
    public const float LateCost = 0.2f;

    /// <summary>Goodput that a standby exit must bring, for the energy it takes: estimates err.</summary>
    public const float LeastGain = 0.002f;

    /// <summary>Least probability that the tail is late, and that the standby exit is in time then.</summary>
    public const double LeastStandby = 0.005;

    /// <summary>Least probability that the tail is in time; below, sending gains nothing.</summary>
    public const double LeastHope = 0.2;

    // When a plan replaces another.

    /// <summary>Score by which a new plan of <c>edgeml</c> must be better: noise of the estimates.</summary>
    public const float AdaptiveHysteresis = 0.002f;

    /// <summary>The same for <c>planner</c>, whose margins are noisier.</summary>
    public const float PlannerHysteresis = 0.004f;

    /// <summary>Tasks after which a new plan is made if anything has changed, whatever the budget allows: with short tasks an overdraft takes
    /// thousands of them to pay off.</summary>
    public const int PatienceTasks = 50;

    /// <summary>Processor time that one plan counts against the budget at most, milliseconds; the first plan also pays for compiling.</summary>
    public const double MaxDebitMs = 1;

    /// <summary>Processor time by which urgent plans may overdraw the budget, milliseconds: a few plans.</summary>
    public const double MaxOverdraftMs = 5;

    /// <summary>Change, in any measure, below which a new plan is put down to the edge's speed.</summary>
    public const double LeastMove = 0.02;

    // Changes after which `planner` plans again. Shares are of the latency bound.

    /// <summary>Bytes that a change of the rate is judged by at least.</summary>
    public const double LeastTypicalBytes = 4096;

    /// <summary>Change of transfer, round-trip or waiting time, as a share of the bound.</summary>
    public const double MovedShare = 0.04;

    /// <summary>Ratio of transfer times.</summary>
    public const double MovedRateRatio = 1.3;

    /// <summary>Transfers below this share of the bound do not matter.</summary>
    public const double NegligibleShare = 0.01;

    /// <summary>Ratio of tail speeds.</summary>
    public const double MovedTailRatio = 1.2;

    /// <summary>Ratio of edge speeds or of energies.</summary>
    public const double MovedEdgeRatio = 1.03;

    /// <summary>Change of overheads and margins, as a share of the bound.</summary>
    public const double MovedOverheadShare = 0.03;

    /// <summary>Share of the energy bound from which a change of the budget matters.</summary>
    public const double BudgetMattersShare = 0.7;

    /// <summary>Change of the budget's level.</summary>
    public const double MovedLevel = 0.06;

    /// <summary>Sum of changes of the difficulty weights.</summary>
    public const double MovedMix = 0.08;

    // Trying an unused link, equation 16.

    /// <summary>A plan that sends a smaller share of its inputs leaves the link unobserved.</summary>
    public const float LeastSent = 0.1f;

    /// <summary>Tasks for which a link that was found good is counted on, at most: one interval.</summary>
    public const double MaxTasksAhead = 5;

    /// <summary>Least probability that a good link turns bad; bounds the tasks ahead.</summary>
    public const double LeastTurn = 0.01;

    /// <summary>Probability that a good link stays good for another task, before any is observed.</summary>
    public const double AssumedStays = 0.95;

    /// <summary>Weight of one task in that probability: about the last thirty count.</summary>
    public const double StaysWeight = 0.03;

    // Guard of the residual, equation 45.

    /// <summary>Expected satisfaction or goodput that a moved policy may give up: as much as a new plan must gain.</summary>
    public const double ResidualTolerance = 0.002;

    /// <summary>Share of the energy bound from which plans are executed as they are.</summary>
    public const double BindingShare = 0.8;

    /// <summary>Weight of one decision in the gain of learned decisions: about the last twenty count.</summary>
    public const double SafetyWeight = 1.0 / 20;

    /// <summary>Share of the expected satisfaction below which learned decisions are suspended.</summary>
    public const double SafetyShare = 0.5;

    /// <summary>Decisions for which they are suspended.</summary>
    public const int SafetyRestDecisions = 50;
}
