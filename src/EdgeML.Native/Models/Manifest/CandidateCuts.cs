namespace EdgeML.Native.Models.Manifest;

/// <summary>Chooses the cuts that controllers consider.</summary>
static class CandidateCuts
{
    internal const int Most = 20;

    /// <summary>One flag a cut, 0..M.</summary>
    /// <param name="macs">Of unit 1..M.</param>
    /// <param name="bytes">Of cut 0..M.</param>
    /// <param name="exitUnits">Units that side exits follow.</param>
    /// <remarks>
    /// A cut is dominated when an earlier one sends no more bytes and has the same exits on the edge. Cut 0 dominates nothing: it can be
    /// switched off, and it has no exit to answer from. The rest is thinned until the steps in MACs are as even as they get.
    /// </remarks>
    internal static bool[] Choose(IReadOnlyList<long> macs, IReadOnlyList<long> bytes, IReadOnlyCollection<int> exitUnits)
    {
        int local = macs.Count;
        var kept = new List<int> { 0 };
        long fewest = long.MaxValue;
        for (int k = 1; k < local; k++)
        {
            if (exitUnits.Contains(k)) fewest = long.MaxValue;
            if (bytes[k] >= fewest) continue;
            fewest = bytes[k];
            kept.Add(k);
        }
        kept.Add(local);

        var before = new double[local + 1]; // MACs on the edge; units without any still keep their order
        for (int k = 1; k <= local; k++) before[k] = before[k - 1] + macs[k - 1] + 1;
        while (kept.Count > Most)
        {
            int drop = 1;
            for (int i = 2; i < kept.Count - 1; i++)
                if (before[kept[i + 1]] - before[kept[i - 1]] < before[kept[drop + 1]] - before[kept[drop - 1]]) drop = i;
            kept.RemoveAt(drop);
        }
        var candidates = new bool[local + 1];
        foreach (int k in kept) candidates[k] = true;
        return candidates;
    }
}
