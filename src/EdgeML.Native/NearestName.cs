namespace EdgeML.Native;

/// <summary>The probable meaning of a mistyped name.</summary>
static class NearestName
{
    /// <summary><c>, did you mean NAME?</c>, or nothing where no name is near.</summary>
    public static string Hint(string typed, IEnumerable<string> names) => Of(typed, names) is { } name ? $", did you mean {name}?" : "";

    /// <summary>The name with the fewest wrong, missing, surplus and swapped letters, if those are at most a third of it; else the only
    /// one that begins with what was typed; else null.</summary>
    public static string? Of(string typed, IEnumerable<string> names)
    {
        string[] all = [.. names];
        (string Name, int Distance)? best = null;
        foreach (string name in all)
        {
            int distance = Distance(typed.ToLowerInvariant(), name.ToLowerInvariant());
            int letters = name.TrimStart('-').Length;
            if (distance <= Math.Max(1, letters / 3) && distance < letters && (best is null || distance < best.Value.Distance))
                best = (name, distance);
        }
        if (best is not null) return best.Value.Name;
        string[] begun = [.. all.Where(name => typed.TrimStart('-').Length > 1 && name.StartsWith(typed, StringComparison.OrdinalIgnoreCase))];
        return begun.Length == 1 ? begun[0] : null;
    }

    /// <summary>Edits from one to the other, two neighbours swapped count once.</summary>
    static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++) rows[i, 0] = i;
        for (int j = 0; j <= b.Length; j++) rows[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int change = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(change, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }
        return rows[a.Length, b.Length];
    }
}
