namespace EdgeML.Native.Preparation.Graph;

/// <summary>Work of an Einsum, contracted from left to right as engines do.</summary>
static class EinsumWork
{
    /// <summary>Multiply-accumulates; 0 with one operand, null where the equation does not fit the shapes.</summary>
    internal static Int128? Macs(string equation, long[]?[] operands)
    {
        string[] sides = equation.Replace(" ", "", StringComparison.Ordinal).Split("->");
        string[] terms = sides[0].Split(',');
        if (sides.Length > 2 || terms.Length != operands.Length || Array.Exists(operands, o => o is null)) return null;
        var sizes = new Dictionary<string, long>();
        var labels = new List<HashSet<string>>();
        for (int t = 0; t < terms.Length; t++)
        {
            if (Labels(terms[t], operands[t]!, sizes) is not { } found) return null;
            labels.Add(found);
        }
        // Without an arrow the labels that occur once are kept.
        HashSet<string> kept = sides.Length == 2
            ? [.. sides[1].Replace("...", "", StringComparison.Ordinal).Select(c => c.ToString()),
                .. sizes.Keys.Where(k => k.StartsWith('.'))]
            : [.. sizes.Keys.Where(k => k.StartsWith('.') || sides[0].Count(c => c == k[0]) == 1)];
        Int128 macs = 0;
        HashSet<string> joined = labels[0];
        for (int t = 1; t < labels.Count; t++)
        {
            joined = [.. joined, .. labels[t]];
            macs += joined.Aggregate((Int128)1, (product, label) => product * sizes[label]);
            joined.RemoveWhere(label => !kept.Contains(label) && !labels.Skip(t + 1).Any(later => later.Contains(label)));
        }
        return macs;
    }

    /// <summary>Labels of one operand; dimensions of an ellipsis are counted from its end.</summary>
    static HashSet<string>? Labels(string term, long[] dims, Dictionary<string, long> sizes)
    {
        int ellipsis = term.IndexOf("...", StringComparison.Ordinal);
        string letters = ellipsis < 0 ? term : term.Remove(ellipsis, 3);
        int covered = dims.Length - letters.Length;
        if (covered < 0 || (ellipsis < 0 && covered != 0)) return null;
        var labels = new HashSet<string>();
        for (int d = 0; d < dims.Length; d++)
        {
            string label = ellipsis < 0 || d < ellipsis ? letters[d].ToString()
                : d < ellipsis + covered ? $".{ellipsis + covered - d}"
                : letters[d - covered].ToString();
            labels.Add(label);
            sizes[label] = Math.Max(sizes.GetValueOrDefault(label, 1), dims[d]);
        }
        return labels;
    }
}
