namespace EdgeML.Native.Control.Learning;

/// <summary>Readings of the paper's reward (eq. 4 and 5) where it leaves a choice.</summary>
public sealed record RewardOptions
{
    /// <summary>Scale of a success.</summary>
    public ExitRewardScale Scale { get; init; } = ExitRewardScale.Share;

    /// <summary>Whether the exits of all tasks count, not only those of satisfied ones.</summary>
    public bool AllTasks { get; init; }

    /// <summary>Whether a mean exactly on its bound counts as inside.</summary>
    public bool EqualityInside { get; init; }

    /// <summary>The penalty for exceeding both bounds.</summary>
    public double BothViolated { get; init; } = 1;

    /// <summary>Whether an excess is measured in bounds rather than in seconds and joules.</summary>
    public bool Relative { get; init; } = true;

    /// <summary>Whether a mean inside the bounds without one satisfied task earns the first exit's reward instead of 0.</summary>
    public bool FirstExitWithoutSatisfied { get; init; }

    /// <summary>The smooth form: success 0.5 + 0.5 BE / (N + 1), violation -(2/pi) atan(4 x sum of relative excesses).</summary>
    public bool Smooth { get; init; }

    /// <summary>The paper to the letter: raw index, seconds.</summary>
    public static RewardOptions Paper { get; } = new() { Scale = ExitRewardScale.Index, Relative = false };
}

/// <summary>How the mean exit becomes a reward.</summary>
public enum ExitRewardScale
{
    /// <summary>Mean exit index (from 1) over N + 1: in 0..1 like the penalties.</summary>
    Share = 0,

    /// <summary>Mean exit index (from 1) as it is, as the paper writes it.</summary>
    Index = 1,

    /// <summary>The square of the share, as the authors' code has it.</summary>
    SquaredShare = 2,
}
