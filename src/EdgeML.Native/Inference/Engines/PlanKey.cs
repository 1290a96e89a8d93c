using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>The key of the sessions that a run needs: its start, its stop, and the exits tried on the way.
/// Thresholds beyond "above zero" do not matter, so a handful of plans serve every policy.</summary>
/// <param name="Start">Units already executed (0 for the edge, the cut for a tail or a fallback).</param>
/// <param name="Stop">The last unit to execute.</param>
/// <param name="TriedExits">Bit j - 1 is set when side exit j is tried.</param>
readonly record struct PlanKey(int Start, int Stop, uint TriedExits)
{
    /// <summary>The plan of units <paramref name="start"/> + 1 .. <paramref name="stop"/> under the given thresholds. An exit that
    /// sits exactly at the cut belongs to the side that ran the cut's last unit, which is the edge.</summary>
    public static PlanKey For(ModelManifest manifest, int start, int stop, ReadOnlySpan<float> thresholds)
    {
        uint tried = 0, wanted = manifest.ExitRule.Tried(thresholds);
        var exits = manifest.Exits;
        int sideExits = exits.Count - 1;
        for (int i = 0; i < sideExits && i < thresholds.Length; i++)
        {
            int unit = exits[i].AfterUnit;
            if ((wanted & (1u << i)) != 0 && unit > start && unit <= stop) tried |= 1u << i;
        }
        return new PlanKey(start, stop, tried);
    }

    /// <summary>The ranges in order; empty when there is nothing to execute.</summary>
    public PlanRange[] Ranges(ModelManifest manifest)
    {
        var ranges = new List<PlanRange>();
        int first = Start + 1;
        int last = manifest.Units.Count;
        for (int i = 0; i < manifest.SideExits; i++)
        {
            if ((TriedExits & (1u << i)) == 0) continue;
            int unit = manifest.Exits[i].AfterUnit;
            ranges.Add(new PlanRange(first, unit, i + 1, EmitsBoundary: true));
            first = unit + 1;
        }
        if (first <= Stop)
            ranges.Add(Stop == last ? new PlanRange(first, last, manifest.Exits.Count, EmitsBoundary: false)
                : new PlanRange(first, Stop, 0, EmitsBoundary: true));
        return [.. ranges];
    }
}

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
