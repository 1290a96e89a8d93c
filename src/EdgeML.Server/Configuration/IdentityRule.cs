using EdgeML.Native;

namespace EdgeML.Server.Configuration;

/// <summary>The rights of one identity. An identity is the name in a client's certificate.</summary>
public sealed record IdentityRule
{
    /// <summary>The name that stands for every identity without a rule.</summary>
    internal const string Others = "*";

    /// <summary>Share of the server beside other identities; 1 is usual.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Requests per second over all connections of the identity; infinity for no limit.</summary>
    public double RequestsPerSecond { get; init; } = double.PositiveInfinity;

    /// <summary>Requests under way at the same time over all its connections.</summary>
    public int MaxInFlight { get; init; } = int.MaxValue;

    /// <summary>Names of the models it may use; empty for all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <exception cref="ArgumentException">A value that it cannot have.</exception>
    internal void Check()
    {
        OptionRule.Positive(Weight, nameof(Weight));
        OptionRule.Bound(RequestsPerSecond, nameof(RequestsPerSecond));
        OptionRule.Within(MaxInFlight, 1, int.MaxValue, nameof(MaxInFlight));
    }
}
