using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Policies;

/// <summary>The choice of a controller: one threshold per side exit, the cut, and the number of tasks for which it stays in force.</summary>
/// <remarks>
/// An immutable value that fits on the stack, so that a decision every few tasks allocates nothing. Thresholds are normalised
/// entropies in 0..1, or values of another exit rule; an exit is taken when it is strictly below its threshold, so 0 never exits. Cut k runs the first k
/// units on the edge: 0 sends the input, the number of units (<c>local</c>) sends nothing. A standby exit is computed on the edge while a
/// task is with the tail, and answers for it if the tail's answer is not there in time.
/// </remarks>
public readonly struct ExitPolicy : IEquatable<ExitPolicy>
{
    /// <summary>The largest number of side exits a model may have.</summary>
    public const int MaxExits = 16;

    [InlineArray(MaxExits)]
    struct ThresholdArray
    {
        float _first;
    }

    readonly ThresholdArray _thresholds;
    readonly byte _bottleneck;
    readonly byte _standby;

    /// <summary>Creates a policy.</summary>
    /// <param name="thresholds">One per side exit, in order of depth; each in 0..1.</param>
    /// <param name="cut">Units run on the edge, 0..number of units.</param>
    /// <param name="interval">Tasks until the next decision, at least 1.</param>
    /// <param name="bottleneck">Number of the package's bottleneck that carries the cut's tensor, from 1; 0 for the session's
    /// codec.</param>
    /// <param name="standby">The standby exit, computed while a task is with the tail, from 1; 0 for none.</param>
    /// <exception cref="ArgumentException">More than <see cref="MaxExits"/> thresholds, one outside 0..1 or NaN, a negative cut, an
    /// interval below 1, a bottleneck outside 0..255, or a standby exit without a threshold.</exception>
    public ExitPolicy(ReadOnlySpan<float> thresholds, int cut, int interval = 1, int bottleneck = 0, int standby = 0)
    {
        if (thresholds.Length > MaxExits)
            throw new ArgumentException($"{thresholds.Length} thresholds, at most {MaxExits} are supported", nameof(thresholds));
        for (int i = 0; i < thresholds.Length; i++)
        {
            if (!(thresholds[i] >= 0f && thresholds[i] <= 1f))
                throw new ArgumentException($"threshold {i + 1} is {thresholds[i]}, not in 0..1", nameof(thresholds));
            _thresholds[i] = thresholds[i];
        }
        ArgumentOutOfRangeException.ThrowIfNegative(cut);
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, 1);
        if (bottleneck is < 0 or > byte.MaxValue)
            throw new ArgumentException($"bottleneck {bottleneck} is outside 0..255", nameof(bottleneck));
        if (standby < 0 || standby > thresholds.Length)
            throw new ArgumentException($"standby exit {standby} is outside 0..{thresholds.Length}", nameof(standby));
        (_bottleneck, _standby) = ((byte)bottleneck, (byte)standby);
        Exits = thresholds.Length;
        Cut = cut;
        Interval = interval;
    }

    /// <summary>Number of side exits the policy speaks of.</summary>
    public int Exits { get; }

    /// <summary>Units run on the edge.</summary>
    public int Cut { get; }

    /// <summary>Number of the package's bottleneck that carries the cut's tensor, from 1; 0 for the session's codec.</summary>
    public int Bottleneck => _bottleneck;

    /// <summary>The side exit that the edge computes while a task is with the tail, and that answers at the deadline if the tail has not;
    /// from 1, 0 for none.</summary>
    public int Standby => _standby;

    /// <summary>Tasks the policy stays in force.</summary>
    public int Interval { get; }

    /// <summary>The thresholds, first exit first.</summary>
    [UnscopedRef]
    public ReadOnlySpan<float> Thresholds =>
        MemoryMarshal.CreateReadOnlySpan(in Unsafe.As<ThresholdArray, float>(ref Unsafe.AsRef(in _thresholds)), Exits);

    /// <summary>The same choice with another cut, its tensor in the session's codec, without a standby exit.</summary>
    public ExitPolicy WithCut(int cut) => new(Thresholds, cut, Interval);

    /// <summary>The same choice with the tensor sent otherwise.</summary>
    /// <param name="bottleneck">Of the package, at the same cut; 0 for the session's codec.</param>
    public ExitPolicy WithBottleneck(int bottleneck) => new(Thresholds, Cut, Interval, bottleneck, Standby);

    /// <summary>The same choice with another standby exit.</summary>
    /// <param name="standby">From 1; 0 for none.</param>
    public ExitPolicy WithStandby(int standby) => new(Thresholds, Cut, Interval, Bottleneck, standby);

    /// <summary>The same choice with another interval.</summary>
    public ExitPolicy WithInterval(int interval) => new(Thresholds, Cut, interval, Bottleneck, Standby);

    /// <inheritdoc/>
    public bool Equals(ExitPolicy other) =>
        Cut == other.Cut && Interval == other.Interval && Bottleneck == other.Bottleneck && Standby == other.Standby
        && Thresholds.SequenceEqual(other.Thresholds);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ExitPolicy other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Cut);
        hash.Add(Interval);
        hash.Add(Bottleneck);
        hash.Add(Standby);
        foreach (float threshold in Thresholds) hash.Add(threshold);
        return hash.ToHashCode();
    }

    /// <summary>Whether two policies choose the same.</summary>
    public static bool operator ==(ExitPolicy left, ExitPolicy right) => left.Equals(right);

    /// <summary>Whether two policies choose differently.</summary>
    public static bool operator !=(ExitPolicy left, ExitPolicy right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant(
            $"cut {Cut}{(Bottleneck > 0 ? $" by bottleneck {Bottleneck}" : "")}{(Standby > 0 ? $", standby exit {Standby}" : "")}, thresholds [{string.Join(' ', Thresholds.ToArray().Select(t => t.ToString("0.00", CultureInfo.InvariantCulture)))}], {Interval} tasks");
}
