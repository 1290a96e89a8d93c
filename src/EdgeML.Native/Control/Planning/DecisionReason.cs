namespace EdgeML.Native.Control.Planning;

/// <summary>Why a controller decided as it did.</summary>
public enum DecisionReason
{
    /// <summary>The first decision.</summary>
    Initial = 0,

    /// <summary>A fixed policy.</summary>
    Fixed = 1,

    /// <summary>Nothing moved; the plan in force is still the best one.</summary>
    Stable = 2,

    /// <summary>Rate or round-trip time moved.</summary>
    LinkChanged = 3,

    /// <summary>The tail cannot be reached.</summary>
    LinkDown = 4,

    /// <summary>The tail became slower or faster than planned.</summary>
    TailChanged = 5,

    /// <summary>The user changed the bounds.</summary>
    BoundsChanged = 6,

    /// <summary>Inputs became easier or harder.</summary>
    InputsChanged = 7,

    /// <summary>The edge itself became slower or faster than profiled.</summary>
    EdgeChanged = 8,

    /// <summary>A task missed its bound or fell back.</summary>
    Missed = 9,

    /// <summary>The learner tried something near the plan.</summary>
    Explored = 10,

    /// <summary>The learner's policy is believed better than the plan.</summary>
    Learned = 11,

    /// <summary>The last intervals spent more, or less, than the energy bound allows on average.</summary>
    BudgetChanged = 12,

    /// <summary>Sends over a link that was not used, because only a transfer measures its rate.</summary>
    Probed = 13,

    /// <summary>More samples of the exits' accuracy.</summary>
    Calibrated = 14,
}
