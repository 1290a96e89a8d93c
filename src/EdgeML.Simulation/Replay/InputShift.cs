using System.Globalization;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Branching;

namespace EdgeML.Simulation.Replay;

/// <summary>How hard inputs are.</summary>
public enum InputMix
{
    /// <summary>All samples, as they were recorded.</summary>
    Mixed = 0,

    /// <summary>Of the samples the final exit gets right, the 60 % it is surest of.</summary>
    Easy = 1,

    /// <summary>All others, every wrong one included.</summary>
    Hard = 2,
}

/// <summary>Which samples tasks draw: one mix up to a task, another from there on.</summary>
/// <param name="Before">The first mix.</param>
/// <param name="After">The second.</param>
/// <param name="AtTask">First task of the second mix; -1 for the middle of the run.</param>
public sealed record InputShift(InputMix Before, InputMix After, int AtTask = -1)
{
    /// <summary>Share of the right samples that counts as easy.</summary>
    public const double EasyShare = 0.6;

    /// <summary>No shift.</summary>
    public static InputShift None { get; } = new(InputMix.Mixed, InputMix.Mixed);

    /// <summary>Reads <c>FROM-TO[,at=TASK]</c> with easy, mixed or hard.</summary>
    /// <exception cref="ArgumentException">It is something else.</exception>
    public static InputShift Parse(string spec)
    {
        const string At = "at=";
        ArgumentNullException.ThrowIfNull(spec);
        string[] parts = spec.Split(',');
        string[] mixes = parts[0].Split('-');
        int at = -1;
        bool known = mixes.Length == 2 && parts.Length <= 2
            && (parts.Length == 1 || (parts[1].StartsWith(At, StringComparison.Ordinal)
                && int.TryParse(parts[1].AsSpan(At.Length), NumberStyles.None, CultureInfo.InvariantCulture, out at)));
        if (known && MixOf(mixes[0]) is { } before && MixOf(mixes[1]) is { } after) return new InputShift(before, after, at);
        throw new ArgumentException($"shift '{spec}' is not FROM-TO or FROM-TO,at=TASK with easy, mixed or hard");
    }

    /// <summary>The sample of every task, drawn without repetition until a mix is used up.</summary>
    /// <exception cref="ArgumentException">A mix that has no samples.</exception>
    public int[] Draw(ExitCalibration samples, int tasks, int seed)
    {
        var random = new Random(seed);
        var order = new int[tasks];
        int change = ChangeAt(tasks);
        Fill(order.AsSpan(0, change), Pool(samples, Before), random);
        Fill(order.AsSpan(change), Pool(samples, After), random);
        return order;
    }

    /// <summary>First task of the second mix; 0 where there is but one.</summary>
    internal int ChangeAt(int tasks) => Before == After ? 0 : Math.Min(tasks, AtTask < 0 ? tasks / 2 : AtTask);

    /// <summary>The samples of a mix.</summary>
    internal static int[] Pool(ExitCalibration samples, InputMix mix)
    {
        int[] all = [.. Enumerable.Range(0, samples.Samples)];
        if (mix == InputMix.Mixed) return all;
        int final = samples.Exits;
        IEnumerable<int> surestFirst = all.OrderBy(sample => samples.Entropy(sample, final)).ThenBy(sample => sample);
        int[] right = [.. surestFirst.Where(sample => samples.IsCorrect(sample, final))];
        var easy = right.Take((int)(EasyShare * right.Length)).ToHashSet();
        int[] pool = [.. all.Where(sample => easy.Contains(sample) == (mix == InputMix.Easy))];
        return pool.Length > 0
            ? pool
            : throw new ArgumentException($"{samples.Source} has no {(mix == InputMix.Easy ? "easy" : "hard")} samples");
    }

    static void Fill(Span<int> order, int[] pool, Random random)
    {
        for (int i = 0; i < order.Length; i++)
        {
            if (i % pool.Length == 0) random.Shuffle(pool);
            order[i] = pool[i % pool.Length];
        }
    }

    static InputMix? MixOf(string text) => text switch
    {
        "mixed" => InputMix.Mixed,
        "easy" => InputMix.Easy,
        "hard" => InputMix.Hard,
        _ => null,
    };
}
