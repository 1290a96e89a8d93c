using System.Globalization;
using System.Text.RegularExpressions;

namespace EdgeML.Server.Http.Tests.Endpoints;

/// <summary>Reads Prometheus' text format, version 0.0.4, strictly: what does not follow its grammar throws.</summary>
sealed partial class PrometheusText
{
    readonly Dictionary<string, string> _types = [];
    readonly HashSet<string> _closed = [];

    PrometheusText()
    {
    }

    public List<PrometheusSample> Samples { get; } = [];

    /// <summary>Type of every metric family.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    [GeneratedRegex(@"^# (?<word>HELP|TYPE|UNIT) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)( (?<rest>.*))?$")]
    static partial Regex Comment { get; }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*",?)*)\})? (?<value>[+-]?[0-9.eE+-]+|NaN|[+-]Inf)( [0-9]+)?$""")]
    static partial Regex Sample { get; }

    [GeneratedRegex("""(?<name>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>([^"\\]|\\.)*)"(,|$)""")]
    static partial Regex Label { get; }

    public static PrometheusText Parse(string text)
    {
        if (!text.EndsWith('\n')) throw new FormatException("the last line has no end");
        var parsed = new PrometheusText();
        string? family = null;
        foreach (string line in text[..^1].Split('\n'))
        {
            if (line.Length == 0 || line == "# EOF") continue;
            if (line[0] == '#')
            {
                Match comment = Comment.Match(line);
                if (!comment.Success) throw new FormatException($"comment '{line}'");
                string name = comment.Groups["name"].Value;
                parsed.Open(ref family, name);
                if (comment.Groups["word"].Value != "TYPE") continue;
                string type = comment.Groups["rest"].Value;
                if (type is not ("counter" or "gauge" or "histogram" or "summary" or "untyped" or "info")) throw new FormatException($"type '{line}'");
                if (!parsed._types.TryAdd(name, type)) throw new FormatException($"a second type: '{line}'");
            }
            else
            {
                Match sample = Sample.Match(line);
                if (!sample.Success) throw new FormatException($"sample '{line}'");
                string name = sample.Groups["name"].Value;
                if (family is null || !Belongs(name, family)) parsed.Open(ref family, name);
                var labels = Label.Matches(sample.Groups["labels"].Value).ToDictionary(each => each.Groups["name"].Value, each => each.Groups["value"].Value);
                parsed.Samples.Add(new PrometheusSample(name, labels, Number(sample.Groups["value"].Value)));
            }
        }
        parsed.CheckHistograms();
        return parsed;
    }

    public double Value(string name, params (string Name, string Value)[] labels) => Assert.Single(
        Samples, sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).Value;

    /// <summary>All lines of a family are together.</summary>
    void Open(ref string? family, string name)
    {
        if (family == name) return;
        if (family is not null) _closed.Add(family);
        if (_closed.Contains(name)) throw new FormatException($"lines of {name} are not together");
        family = name;
    }

    static bool Belongs(string sample, string family) =>
        sample == family || (sample.StartsWith(family, StringComparison.Ordinal) && sample[family.Length..] is "_bucket" or "_sum" or "_count" or "_total" or "_info" or "_created");

    static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>Buckets grow, end at +Inf, and the last one is the count.</summary>
    void CheckHistograms()
    {
        foreach (string family in _types.Where(each => each.Value == "histogram").Select(each => each.Key))
        {
            var series = Samples.Where(sample => sample.Name == $"{family}_bucket").GroupBy(sample => sample.LabelsBut("le"));
            foreach (var buckets in series)
            {
                double[] bounds = [.. buckets.Select(bucket => Number(bucket.Labels["le"]))], counts = [.. buckets.Select(bucket => bucket.Value)];
                if (!bounds.SequenceEqual(bounds.Order()) || !counts.SequenceEqual(counts.Order()) || !double.IsPositiveInfinity(bounds[^1]))
                    throw new FormatException($"buckets of {family} {buckets.Key}");
                double count = Samples.Single(sample => sample.Name == $"{family}_count" && sample.LabelsBut("le") == buckets.Key).Value;
                if (count != counts[^1]) throw new FormatException($"{family} {buckets.Key} counts {count}, its buckets {counts[^1]}");
            }
        }
    }
}

sealed record PrometheusSample(string Name, Dictionary<string, string> Labels, double Value)
{
    public string LabelsBut(string left) => string.Join(',', Labels.Where(each => each.Key != left).OrderBy(each => each.Key).Select(each => $"{each.Key}={each.Value}"));
}
