using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Models.Manifest;

/// <summary>A limit per side exit: below it, early answers lose at most a given accuracy with a given confidence; made by
/// <c>edgeml calibrate</c>, kept by every session on the package. Immutable, any thread.</summary>
/// <remarks>
/// A task is lost when the whole network would have been right (without labels: whatever it answers) and an exit that fires below its
/// limit answers otherwise, no matter which of the exits fires first. That loss only grows with the limits, so a bound that holds at them holds
/// for every policy whose thresholds are at or below them, for every mixture of such policies, and for a controller that looks at
/// the input before it chooses. See <c>docs/reference/guarantee.md</c>.
/// </remarks>
public sealed record AccuracyGuarantee
{
    /// <summary>The version this library writes, and the only one it reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the file.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Hash of the model whose exits were tested.</summary>
    public required string Model { get; init; }

    /// <summary>The exit rule that the limits are compared by.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ExitRule Rule { get; init; }

    /// <summary>Share of tasks that early answers may lose, for instance 0.005 for half a point.</summary>
    public required double MaxLoss { get; init; }

    /// <summary>The confidence of that, over the draw of the calibration samples, for instance 0.95.</summary>
    public required double Confidence { get; init; }

    /// <summary>Whether labels judged the answers; otherwise an answer is lost when it differs from the whole network's.</summary>
    public required bool Labelled { get; init; }

    /// <summary>The largest admissible threshold of every side exit, 0..1.</summary>
    public required IReadOnlyList<float> Limits { get; init; }

    /// <summary>Where the limits go, step by step, when tasks turn out to be unlike the samples; each inside the one before. After the
    /// last one no exit is taken.</summary>
    public IReadOnlyList<IReadOnlyList<float>> Tighter { get; init; } = [];

    /// <summary>Share of tasks whose early answer may differ from the whole network's before the guarantee counts as in danger; which can
    /// be watched without labels.</summary>
    public required double DiffersAtMost { get; init; }

    /// <summary>Samples the limits were tested on; those that chose their proportion are not among them.</summary>
    public required int Samples { get; init; }

    /// <summary>Of them, how many are lost at the limits.</summary>
    public required int Losses { get; init; }

    /// <summary>The data they come from.</summary>
    public required string Source { get; init; }

    /// <summary>SHA-256 over everything else, hex; reports name the guarantee by it.</summary>
    public string Digest { get; init; } = "";

    /// <summary>How often the limits were tightened since they were read.</summary>
    [JsonIgnore]
    public int Tightened { get; init; }

    /// <summary>The policy with every threshold inside its limit, and without a standby exit, which would answer whatever its entropy.
    /// Allocates nothing.</summary>
    public ExitPolicy Clamp(in ExitPolicy policy)
    {
        if (Admits(policy)) return policy.Standby == 0 ? policy : policy.WithStandby(0);
        Span<float> thresholds = stackalloc float[ExitPolicy.MaxExits];
        ReadOnlySpan<float> asked = policy.Thresholds;
        for (int i = 0; i < asked.Length; i++) thresholds[i] = Math.Min(asked[i], Limits[i]);
        return new ExitPolicy(thresholds[..asked.Length], policy.Cut, policy.Interval, policy.Bottleneck);
    }

    /// <summary>Whether every threshold is inside its limit.</summary>
    public bool Admits(in ExitPolicy policy)
    {
        ReadOnlySpan<float> asked = policy.Thresholds;
        for (int i = 0; i < asked.Length; i++)
        {
            if (asked[i] > Limits[i]) return false;
        }
        return true;
    }

    /// <summary>The next tighter step; at the end no exit is taken at all.</summary>
    public AccuracyGuarantee Tighten() => this with
    {
        Limits = Tighter.Count > 0 ? Tighter[0] : new float[Limits.Count],
        Tighter = [.. Tighter.Skip(1)],
        Tightened = Tightened + 1,
    };

    /// <summary>The same guarantee with its digest filled in.</summary>
    internal AccuracyGuarantee Sealed() => this with { Digest = ComputeDigest() };

    /// <exception cref="InvalidDataException">The first rule that is broken.</exception>
    internal AccuracyGuarantee Checked(ModelManifest manifest)
    {
        Require(Format == CurrentFormat, $"format {Format}, this library reads {CurrentFormat}");
        Require(Model == manifest.Hash, $"the promise was made for {Model}, model {manifest.Name} is {manifest.Hash}");
        Require(Rule == manifest.ExitRule, $"the promise was made for the exit rule {Rule}, model {manifest.Name} decides by {manifest.ExitRule}");
        Require(MaxLoss is > 0 and < 1, $"at most {MaxLoss} lost is not a share in 0..1");
        Require(Confidence is > 0 and < 1, $"the confidence {Confidence} is not in 0..1");
        Require(DiffersAtMost is > 0 and <= 1, $"the watched share {DiffersAtMost} is not in 0..1");
        Require(Limits.Count == manifest.SideExits, $"{Limits.Count} limits, model {manifest.Name} has {manifest.SideExits} side exits");
        Require(Samples >= 0 && Losses >= 0 && Losses <= Samples, $"{Losses} losses of {Samples} samples");
        IReadOnlyList<float> outer = Limits;
        Require(outer.All(limit => limit is >= 0 and <= 1), $"the limits {string.Join(' ', outer)} are not in 0..1");
        // Absent keys are null.
        Require(Tighter is not null && Digest is not null, $"tighter limits or digest are missing");
        foreach (IReadOnlyList<float>? inner in Tighter!)
        {
            IReadOnlyList<float> around = outer;
            Require(
                inner is not null && inner.Count == around.Count
                && Enumerable.Range(0, inner.Count).All(i => inner[i] >= 0 && inner[i] <= around[i]),
                $"the tighter limits {string.Join(' ', inner ?? [])} are not inside {string.Join(' ', around)}");
            outer = inner!;
        }
        Require(Digest == ComputeDigest(), $"the digest is {Digest}, the content makes {ComputeDigest()}");
        return this;
    }

    string ComputeDigest() =>
        ContentHash.Of(JsonSerializer.SerializeToUtf8Bytes(this with { Digest = "" }, PackageJson.Default.AccuracyGuarantee));

    static void Require(bool rule, FormattableString broken)
    {
        if (!rule) throw new InvalidDataException($"{PackageFiles.GuaranteeName}: {FormattableString.Invariant(broken)}");
    }

    /// <summary>Loss, confidence, limits and samples in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"at most {100 * MaxLoss:0.##} % lost with {100 * Confidence:0.##} % confidence, thresholds at most [{string.Join(' ', Limits)}], tested on {Samples} samples of {Source}");
}
