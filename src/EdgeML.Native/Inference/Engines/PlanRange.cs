namespace EdgeML.Native.Inference.Engines;

/// <summary>A range of units between two stops, run as one session once it is fused.</summary>
/// <param name="FirstUnit">From 1.</param>
/// <param name="LastUnit">The stop: an exit that is tried, the cut, or the last unit.</param>
/// <param name="Exit">The exit tried after <paramref name="LastUnit"/>: a side exit, the final exit, or 0 for none.</param>
/// <param name="EmitsBoundary">Whether the tensor after <paramref name="LastUnit"/> is needed: false only at the final exit.</param>
readonly record struct PlanRange(int FirstUnit, int LastUnit, int Exit, bool EmitsBoundary)
{
    /// <summary>The plan of this range alone.</summary>
    public PlanKey Alone => new(FirstUnit - 1, LastUnit, Exit > 0 && EmitsBoundary ? 1u << (Exit - 1) : 0);
}
