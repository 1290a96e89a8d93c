namespace EdgeML.Native.Control.Learning;

/// <summary>Constants of learning beside <see cref="DdpgOptions"/> and <see cref="RewardOptions"/>, with units and reasons; docs/reference/control.md
/// lists them beside its equations.</summary>
static class LearningDefaults
{
    // Residual of edgeml, equation 44.

    /// <summary>Largest move of a plan, in units of an action's range: a neighbour of the plan and no other plan.</summary>
    public const float ResidualScale = 0.12f;

    /// <summary>Value by which the critic must prefer a moved policy: its values are noisy.</summary>
    public const float CriticAdvantage = 0.01f;

    /// <summary>Share of calm decisions that explore: at first, in the end, and the factor per decision between them.</summary>
    public const double ExploreFirst = 0.15, ExploreLast = 0.02, ExploreDecay = 0.998;

    // State, equation 37.

    /// <summary>Rate that counts as 0, bits per second.</summary>
    public const double ReferenceRate = 10e6;

    /// <summary>State numbers are clipped to plus and minus this.</summary>
    public const double StateLimit = 10;

    /// <summary>Normalised state numbers are clipped to plus and minus this many standard deviations.</summary>
    public const float NormalLimit = 5;

    /// <summary>Least standard deviation of a state number: an input that never varied must not blow up when it does.</summary>
    public const double LeastSpread = 0.01;

    /// <summary>States after which the normalisation is frozen, so that the networks' input stops moving.</summary>
    public const int FreezeAfter = 500;

    // Transfer and the background learner.

    /// <summary>Own transitions over which the source's share of a batch fades to 0.</summary>
    public const int SharedTransitions = 300;

    /// <summary>Transitions that wait for the background learner at most; more are dropped.</summary>
    public const int QueueLength = 256;

    /// <summary>Updates that may be owed from times without budget.</summary>
    public const int MaxBacklog = 64;

    /// <summary>Processor time of an update before the first one is measured, milliseconds.</summary>
    public const double AssumedUpdateMs = 0.3;
}
