using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>How the engines of a package are made on the CPU: as <c>prepare</c> made them when it compared their answers with those of the
/// model file.</summary>
/// <param name="SharedWeights">Whether engines read the mapped weights in place; otherwise each has its own copy.</param>
/// <param name="JoinedPlans">Whether ranges with exits between them may become one engine.</param>
/// <param name="Optimization">How far the inference library may rewrite the network.</param>
public sealed record EngineSettings(bool SharedWeights, bool JoinedPlans, EngineOptimization Optimization)
{
    /// <summary>Everything allowed.</summary>
    public static EngineSettings Fastest { get; } = new(true, true, EngineOptimization.Default);
}

/// <summary>How far the inference library may rewrite a network.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EngineOptimization>))]
public enum EngineOptimization
{
    /// <summary>As far as it pays.</summary>
    [JsonStringEnumMemberName("default")]
    Default,

    /// <summary>Not into layouts made for this processor.</summary>
    [JsonStringEnumMemberName("extended")]
    Extended,

    /// <summary>Constants folded and nodes without effect left out.</summary>
    [JsonStringEnumMemberName("basic")]
    Basic,

    /// <summary>Not at all.</summary>
    [JsonStringEnumMemberName("none")]
    None,
}
