using EdgeML.Native.Numerics;

namespace EdgeML.Native.Offload.Tails;

/// <summary>Chooses a tail for a task. One thread at a time.</summary>
sealed class TailChooser(TailChoice choice, SeededRandom random)
{
    /// <summary>Expected times whose quotient is no larger say nothing about which tail is quicker.</summary>
    public const double Alike = 1.25;

    /// <summary>The tail for the next task.</summary>
    /// <returns>Its index; -1 where none can be used.</returns>
    public int Choose(ReadOnlySpan<TailCandidate> tails)
    {
        // Where all are ejected, something else is wrong, and one that may answer is better than none.
        bool ejected = !Any(tails, ejected: false);
        if (ejected && !Any(tails, ejected: true)) return -1;
        int first = Draw(tails, ejected, without: -1);
        if (choice == TailChoice.Ordered) return first;
        int second = Draw(tails, ejected, without: first);
        return second >= 0 && tails[first].LoadedMs > Alike * tails[second].LoadedMs ? second : first;
    }

    static bool Any(ReadOnlySpan<TailCandidate> tails, bool ejected)
    {
        foreach (ref readonly TailCandidate tail in tails)
        {
            if (tail.IsUsable && (ejected || !tail.IsEjected)) return true;
        }
        return false;
    }

    int Draw(ReadOnlySpan<TailCandidate> tails, bool ejected, int without)
    {
        double sum = 0;
        for (int i = 0; i < tails.Length; i++) sum += Weight(tails[i], i);
        // An ordered list takes its first member, without a draw.
        double drawn = choice == TailChoice.Ordered ? 0 : random.Uniform() * sum;
        int last = -1;
        for (int i = 0; i < tails.Length; i++)
        {
            double weight = Weight(tails[i], i);
            if (weight == 0) continue;
            last = i;
            if ((drawn -= weight) < 0) break;
        }
        return last;

        double Weight(in TailCandidate tail, int index) =>
            index != without && tail.IsUsable && (ejected || !tail.IsEjected) ? tail.Weight : 0;
    }
}

/// <summary>A tail as a choice sees it.</summary>
struct TailCandidate
{
    /// <summary>Whether a task may go there: it is up and the task was not there before.</summary>
    public bool IsUsable;

    /// <summary>Whether it rests after failures.</summary>
    public bool IsEjected;

    /// <summary>Above 0.</summary>
    public double Weight;

    /// <summary>Expected time of an answer, milliseconds; NaN where it is not known.</summary>
    public double ExpectedMs;

    /// <summary>This edge's requests on the way there.</summary>
    public int OnWay;

    /// <summary>The expected time with the edge's own requests before this one; NaN compares as quick as any.</summary>
    public readonly double LoadedMs => ExpectedMs * (1 + OnWay);
}
