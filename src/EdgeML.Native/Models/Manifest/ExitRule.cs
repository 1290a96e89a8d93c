using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Models.Manifest;

/// <summary>How the side exits of a package decide: what their thresholds are compared with. Edge and tail must agree on it.</summary>
/// <remarks>
/// A rule says how unsure an exit is, 0..1. The exit is taken where that is strictly below its threshold, so threshold 0 never exits;
/// scores that are no numbers never exit either. See <c>docs/reference/exit-rules.md</c>.
/// </remarks>
[JsonConverter(typeof(ExitRuleConverter))]
public readonly record struct ExitRule
{
    /// <summary>Characters that the name of a custom rule has at most.</summary>
    public const int MostNameCharacters = 32;

    const string PatienceText = "patience:", CustomText = "custom:";

    readonly int _patience;

    ExitRule(ExitRuleKind kind, int patience = 0, string? name = null) => (Kind, _patience, Name) = (kind, patience, name);

    /// <summary>The kind of rule.</summary>
    public ExitRuleKind Kind { get; }

    /// <summary>With <see cref="ExitRuleKind.Patience"/>, the exits in a row that must agree, the one that answers included; otherwise
    /// 1.</summary>
    public int Patience => Math.Max(1, _patience);

    /// <summary>With <see cref="ExitRuleKind.Custom"/>, the name of the program's rule; otherwise null.</summary>
    public string? Name { get; }

    /// <summary>The normalised entropy of the scores, the rule of a package that names none.</summary>
    public static ExitRule Entropy => default;

    /// <summary>The probability that is missing to the largest class.</summary>
    public static ExitRule MaxProbability => new(ExitRuleKind.MaxProbability);

    /// <summary>The distance between the two largest probabilities.</summary>
    public static ExitRule Margin => new(ExitRuleKind.Margin);

    /// <summary>The entropy, where several exits in a row say the same.</summary>
    /// <param name="exits">So many, 2..<see cref="ExitPolicy.MaxExits"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Another number.</exception>
    public static ExitRule AfterAgreement(int exits) => exits is >= 2 and <= ExitPolicy.MaxExits
        ? new(ExitRuleKind.Patience, exits)
        : throw new ArgumentOutOfRangeException(nameof(exits), exits, $"patience is 2..{ExitPolicy.MaxExits} exits that agree");

    /// <summary>A rule of the program that loads the package.</summary>
    /// <param name="name">1..<see cref="MostNameCharacters"/> letters, digits, dots, dashes or underlines.</param>
    /// <exception cref="ArgumentException">Another name.</exception>
    public static ExitRule Custom(string name) => IsName(name)
        ? new(ExitRuleKind.Custom, name: name)
        : throw new ArgumentException(
            $"the name of an exit rule is 1..{MostNameCharacters} letters, digits, dots, dashes or underlines, not '{name}'", nameof(name));

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <exception cref="ArgumentException">It is no exit rule.</exception>
    public static ExitRule Parse(string text) => TryParse(text, out ExitRule rule) ? rule
        : throw new ArgumentException(
            $"'{text}' is no exit rule; those are entropy, max-probability, margin, patience:K (K exits that agree, 2..{ExitPolicy.MaxExits}), "
            + $"custom:NAME (1..{MostNameCharacters} letters, digits, dots, dashes or underlines)");

    /// <summary>Reads the text of <see cref="ToString"/>.</summary>
    /// <param name="text">Any.</param>
    /// <param name="rule">The rule.</param>
    /// <returns>Whether it is one.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out ExitRule rule)
    {
        rule = default;
        switch (text)
        {
            case null: return false;
            case "entropy": return true;
            case "max-probability": rule = MaxProbability; return true;
            case "margin": rule = Margin; return true;
        }
        if (text.StartsWith(PatienceText, StringComparison.Ordinal))
        {
            bool fits = int.TryParse(text.AsSpan(PatienceText.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int exits)
                && exits is >= 2 and <= ExitPolicy.MaxExits;
            if (fits) rule = AfterAgreement(exits);
            return fits;
        }
        if (!text.StartsWith(CustomText, StringComparison.Ordinal) || !IsName(text[CustomText.Length..])) return false;
        rule = Custom(text[CustomText.Length..]);
        return true;
    }

    /// <summary>The side exits that are tried under some thresholds: those with one above 0, and with
    /// <see cref="ExitRuleKind.Patience"/> those before them that must agree. Allocates nothing.</summary>
    /// <param name="thresholds">One per side exit.</param>
    /// <returns>Bit j - 1 is set where exit j is tried.</returns>
    public uint Tried(ReadOnlySpan<float> thresholds)
    {
        (uint tried, int patience) = (0, Patience);
        for (int i = 0; i < thresholds.Length; i++)
        {
            if (!(thresholds[i] > 0f)) continue;
            for (int exit = Math.Max(0, i - patience + 1); exit <= i; exit++) tried |= 1u << exit;
        }
        return tried;
    }

    /// <summary>The side exit (from 0) before which none can answer, whatever the thresholds.</summary>
    internal int FirstAble => Patience - 1;

    /// <summary>The first side exit (from 0) whose u under some thresholds tells how hard the input is, -1 for none: it is tried, and with
    /// <see cref="ExitRuleKind.Patience"/> those before it that must agree are too. Allocates nothing.</summary>
    internal int FirstTelling(ReadOnlySpan<float> thresholds)
    {
        uint tried = Tried(thresholds), needed = (1u << Patience) - 1;
        for (int exit = FirstAble; exit < thresholds.Length; exit++, needed <<= 1)
            if ((tried & needed) == needed) return exit;
        return -1;
    }

    /// <summary>As the option <c>--exit-rule</c> and the manifest write it.</summary>
    public override string ToString() => Kind switch
    {
        ExitRuleKind.MaxProbability => "max-probability",
        ExitRuleKind.Margin => "margin",
        ExitRuleKind.Patience => string.Create(CultureInfo.InvariantCulture, $"{PatienceText}{Patience}"),
        ExitRuleKind.Custom => CustomText + Name,
        _ => "entropy",
    };

    static bool IsName(string? name) =>
        name is { Length: >= 1 and <= MostNameCharacters } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}

/// <summary>The kinds of exit rule.</summary>
public enum ExitRuleKind
{
    /// <summary>The entropy of the softmax over ln C.</summary>
    Entropy,

    /// <summary>(1 - p1) C / (C - 1), where p1 is the largest of C probabilities.</summary>
    MaxProbability,

    /// <summary>1 - (p1 - p2), where p1 and p2 are the two largest probabilities.</summary>
    Margin,

    /// <summary>The entropy where the exit and those directly before it say the same class, 1 elsewhere.</summary>
    Patience,

    /// <summary>The uncertainty that a rule of the program computes.</summary>
    Custom,
}

/// <summary>A rule as its text.</summary>
sealed class ExitRuleConverter : JsonConverter<ExitRule>
{
    public override ExitRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string? text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return ExitRule.TryParse(text, out ExitRule rule) ? rule : throw new JsonException($"'{text}' is no exit rule that this library knows");
    }

    public override void Write(Utf8JsonWriter writer, ExitRule value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
