namespace EdgeML.Native.Control.Costs;

/// <summary>How an action's numbers become thresholds.</summary>
enum ThresholdForm
{
    /// <summary>One for each exit.</summary>
    PerExit = 0,

    /// <summary>The first exit's holds for all; the others are drawn and overridden.</summary>
    FirstForAll = 1,

    /// <summary>The last exit's holds for all.</summary>
    LastForAll = 2,

    /// <summary>None in the action; no exit is taken.</summary>
    None = 3,
}
