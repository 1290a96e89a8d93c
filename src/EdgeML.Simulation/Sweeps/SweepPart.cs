namespace EdgeML.Simulation.Sweeps;

/// <summary>What a cell of the sweep is asked for.</summary>
enum SweepPart
{
    /// <summary>Goodput against baselines and oracle: model error, jitter, a shift of inputs.</summary>
    Acceptance = 0,

    /// <summary>A constant link and an exact profile, where planning is optimal.</summary>
    Exact = 1,

    /// <summary>The paper's own scenario, without model error and shift: directions among its rows.</summary>
    Paper = 2,
}
