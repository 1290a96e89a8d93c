namespace EdgeML.Server.Configuration;

/// <summary>Something wrong with a configuration, one line.</summary>
/// <param name="Source">Where it was written: <c>FILE:LINE</c>, an environment variable or an option; empty where a key is absent
/// everywhere.</param>
/// <param name="Text">What is wrong, with the value.</param>
sealed record ConfigurationProblem(string Source, string Text)
{
    public override string ToString() => Source.Length == 0 ? Text : $"{Source}: {Text}";
}

/// <summary>Where every value of a configuration comes from, and what is wrong with it. One thread.</summary>
sealed class ConfigurationTrace
{
    readonly Dictionary<string, string> _sources = [];
    readonly List<ConfigurationProblem> _problems = [];
    readonly HashSet<string> _refused = [];

    public IReadOnlyList<ConfigurationProblem> Problems => _problems;

    /// <summary>A key was given a value; a later source replaces an earlier one.</summary>
    public void Given(string key, string source) => _sources[key] = source;

    /// <summary>Where a value comes from, or the section that should hold it; empty for a default.</summary>
    public string SourceOf(string key)
    {
        for (; key.Length > 0; key = key[..Math.Max(0, key.LastIndexOfAny(['.', '[']))])
            if (_sources.TryGetValue(key, out string? source)) return source;
        return "";
    }

    /// <summary>Whether the key itself was given, with any value.</summary>
    public bool IsGiven(string key) => _sources.ContainsKey(key);

    /// <summary>Notes what is wrong with a key's value, once: the first finding is the cause of later ones.</summary>
    public void Refuse(string key, string text) => Refuse(key, SourceOf(key), text);

    /// <inheritdoc cref="Refuse(string, string)"/>
    public void Refuse(string key, string source, string text)
    {
        if (_refused.Add(key)) _problems.Add(new ConfigurationProblem(source, text));
    }
}
