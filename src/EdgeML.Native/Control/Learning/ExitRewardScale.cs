namespace EdgeML.Native.Control.Learning;

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
