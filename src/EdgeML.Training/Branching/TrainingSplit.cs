using EdgeML.Native.Numerics;

namespace EdgeML.Training.Branching;

/// <summary>Which samples teach and which only judge, drawn once for all heads.</summary>
sealed record TrainingSplit(IReadOnlyList<int> Training, IReadOnlyList<int> HeldOut)
{
    /// <param name="samples">Rows 0..samples - 1.</param>
    /// <param name="training">Seed and share.</param>
    internal static TrainingSplit Draw(int samples, HeadTraining training)
    {
        int[] order = [.. Enumerable.Range(0, samples)];
        new SeededRandom(unchecked((int)training.Seed), -1).Shuffle(order);
        int heldOut = Math.Clamp((int)(samples * training.HeldOut), 1, samples - 1);
        return new(order[heldOut..], order[..heldOut]);
    }
}
