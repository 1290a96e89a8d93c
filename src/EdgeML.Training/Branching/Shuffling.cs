using EdgeML.Native.Numerics;

namespace EdgeML.Training.Branching;

static class Shuffling
{
    /// <summary>Fisher and Yates.</summary>
    internal static void Shuffle(this SeededRandom random, Span<int> values)
    {
        for (int i = values.Length - 1; i > 0; i--)
        {
            int j = random.Below(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
