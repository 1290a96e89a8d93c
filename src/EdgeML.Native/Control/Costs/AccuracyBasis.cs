namespace EdgeML.Native.Control.Costs;

/// <summary>The basis of an expected accuracy.</summary>
public enum AccuracyBasis
{
    /// <summary>Calibration samples with labels.</summary>
    Labels = 0,

    /// <summary>Samples without labels: a right answer is the whole network's.</summary>
    Agreement = 1,

    /// <summary>Nothing: the exits were never compared with anything.</summary>
    Unknown = 2,

    /// <summary>Nothing, because the network gives no class scores: plans rest on latency and energy alone.</summary>
    NotApplicable = 3,
}
