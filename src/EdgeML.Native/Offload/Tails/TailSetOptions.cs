using System.Net;
using EdgeML.Native.Offload.Client;

namespace EdgeML.Native.Offload.Tails;

/// <summary>Several tails of one session, each of whose tasks goes to one of them.</summary>
/// <remarks>A tail that is lost with a task under way, or that does not answer it in its usual time, loses the task to another one while the
/// deadline allows that. <see cref="TailClientOptions.ProbeBudget"/> holds for all together: the smallest of them.</remarks>
public sealed record TailSetOptions
{
    /// <summary>Most tails of a session, addresses of names included.</summary>
    public const int MostTails = 16;

    /// <summary>The tails, the preferred one first.</summary>
    public required IReadOnlyList<TailEntry> Tails { get; init; }

    /// <summary>Which of them gets a task.</summary>
    public TailChoice Choice { get; init; }

    /// <summary>A task without an answer after this quantile of the tail's measured answer times is sent to a second tail as well, and the
    /// first answer counts; 0.5..0.999, or null for never. At most the share of tasks beyond the quantile is sent twice, on average.</summary>
    public double? HedgeQuantile { get; init; }

    /// <summary>Looks names up.</summary>
    internal Func<string, IPAddress[]> Resolve { get; init; } = Dns.GetHostAddresses;

    /// <summary>How often names are looked up while tasks run.</summary>
    internal TimeSpan ResolveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For ejections.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Of the choice; null for one that differs from edge to edge, so that they do not all take the same tail.</summary>
    internal int? Seed { get; init; }

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check()
    {
        if (Tails is null || Tails.Count == 0) throw new ArgumentException("Tails is empty", nameof(Tails));
        OptionRule.Within(Tails.Count, 1, MostTails, nameof(Tails));
        OptionRule.Named(Choice, nameof(Choice));
        if (HedgeQuantile is { } quantile) OptionRule.Within(quantile, 0.5, 0.999, nameof(HedgeQuantile));
        foreach (TailEntry entry in Tails)
        {
            ArgumentNullException.ThrowIfNull(entry, nameof(Tails));
            ArgumentNullException.ThrowIfNull(entry.Options, nameof(Tails));
            entry.Options.Check();
            OptionRule.Within(entry.Weight, TailEntry.LeastWeight, TailEntry.MostWeight, nameof(TailEntry.Weight));
        }
        if (Tails.Select(entry => entry.Options.Address).Distinct(StringComparer.OrdinalIgnoreCase).Count() < Tails.Count)
            throw new ArgumentException($"Tails names a tail twice: {string.Join(", ", Tails.Select(entry => entry.Options.Address))}", nameof(Tails));
    }
}

/// <summary>One of several tails.</summary>
public sealed record TailEntry
{
    internal const double LeastWeight = 0.001, MostWeight = 1000;

    /// <summary>Where it is and how patient its client is.</summary>
    public required TailClientOptions Options { get; init; }

    /// <summary>Its share of the tasks relative to tails that are about as quick; 0.001..1000. Not used where tails are ordered.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Whether every address that the host's name has is a separate tail, each with this weight; names are looked up again while
    /// tasks run. Otherwise the first address that answers is used.</summary>
    public bool EveryAddress { get; init; }
}

/// <summary>Which of several tails gets a task.</summary>
public enum TailChoice : byte
{
    /// <summary>The first of the list that can be used.</summary>
    Ordered,

    /// <summary>Of two that are drawn by their weights the one that is expected to answer sooner; the first of them where both are about as
    /// quick.</summary>
    Balanced,
}
