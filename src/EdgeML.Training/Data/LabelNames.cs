namespace EdgeML.Training.Data;

/// <summary>Finds the class that a name means: upper and lower case, spaces, underscores and hyphens make no difference.</summary>
sealed class LabelNames
{
    readonly IReadOnlyList<string> _names;
    readonly Dictionary<string, int> _byName = [];

    /// <param name="names">Of the model's classes; may be empty.</param>
    internal LabelNames(IReadOnlyList<string> names)
    {
        _names = names;
        var several = new HashSet<string>();
        for (int i = 0; i < names.Count; i++)
            if (!_byName.TryAdd(Plain(names[i]), i)) several.Add(Plain(names[i]));
        foreach (string name in several) _byName.Remove(name);
        // Names such as "tench, Tinca tinca" list synonyms.
        for (int i = 0; i < names.Count; i++)
            if (names[i].Contains(',', StringComparison.Ordinal) && Plain(names[i].Split(',')[0]) is var first && !several.Contains(first))
                _byName.TryAdd(first, i);
    }

    /// <summary>The class of a name, or -1 where no class or more than one is called so.</summary>
    internal int Find(string name)
    {
        if (_byName.TryGetValue(Plain(name), out int label)) return label;
        int[] exact = [.. Enumerable.Range(0, _names.Count).Where(i => _names[i] == name)];
        return exact is [var only] ? only : -1;
    }

    static string Plain(string name) => string.Concat(name.Where(c => c is not (' ' or '_' or '-'))).ToLowerInvariant();
}
