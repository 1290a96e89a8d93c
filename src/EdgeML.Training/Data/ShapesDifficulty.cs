namespace EdgeML.Training.Data;

/// <summary>How hard the pictures of "shapes" are.</summary>
public enum ShapesDifficulty
{
    /// <summary>Drawn from 0..0.25: bright, sharp, whole.</summary>
    Easy,

    /// <summary>Drawn from 0.75..1: dark, noisy, blurred, partly covered.</summary>
    Hard,

    /// <summary>Drawn from 0..1 for each sample.</summary>
    Mixed,

    /// <summary>From 0 at the first sample to 1 at the last, give or take 0.1.</summary>
    Drift,
}
