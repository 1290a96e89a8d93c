namespace EdgeML.Native.Inference.Engines;

/// <summary>How far a plan's units may grow together.</summary>
enum Fusion
{
    /// <summary>A session per unit and head.</summary>
    None,

    /// <summary>A session per stop, so that a run can be continued after any of them.</summary>
    Ranges,

    /// <summary>One session for all of the plan.</summary>
    Plans,

    /// <summary>As <see cref="Plans"/>, made at once and the plan's own: for measurements, where no task waits.</summary>
    Now,

    /// <summary>As <see cref="Ranges"/>, made at once and the plan's own.</summary>
    RangesNow,
}
