using System.Globalization;

namespace EdgeML.Training.Branching;

/// <summary>How heads learn. Every field changes the result, so a resumed run must have the same.</summary>
/// <param name="Labelled">Whether labels are the targets; otherwise the backbone's own scores are.</param>
/// <param name="Seed">Of the split, the first weights, the order of samples and the dropout.</param>
sealed record HeadTraining(bool Labelled, ulong Seed)
{
    /// <summary>Samples per step.</summary>
    internal int Batch { get; init; } = 128;

    /// <summary>Most passes over the training part; the learning rate falls to zero over them along half a cosine.</summary>
    internal int Epochs { get; init; } = 24;

    /// <summary>Passes in a row after which training ends, each of them right on fewer held-out samples than the best by more than chance
    /// explains.</summary>
    internal int Patience { get; init; } = 8;

    internal float LearningRate { get; init; } = 1e-3f;

    internal float WeightDecay { get; init; } = 0.05f;

    internal float FeatureDropout { get; init; } = 0.2f;

    internal float HiddenDropout { get; init; } = 0.4f;

    /// <summary>Both sides' scores are divided by it where a head learns from the backbone, so that second best classes count.</summary>
    internal float Softening { get; init; } = 2f;

    /// <summary>Share of the samples that only judges.</summary>
    internal double HeldOut { get; init; } = 0.1;

    /// <summary>Steps of one pass over this many training rows; an incomplete batch waits for the next shuffle.</summary>
    internal int Steps(int rows) => Math.Max(1, rows / Batch);

    /// <summary>The same with as many passes, and as much patience, as few samples need.</summary>
    /// <param name="samples">Samples, the held-out ones included.</param>
    /// <param name="leastSteps">Steps of a whole training below which passes grow: with a few a pass, a head would hardly leave its first
    /// weights.</param>
    internal HeadTraining For(int samples, int leastSteps)
    {
        int steps = Steps(samples - (int)(samples * HeldOut)), passes = Math.Max(Epochs, (leastSteps + steps - 1) / steps);
        return this with { Epochs = passes, Patience = Patience * passes / Epochs };
    }

    /// <summary>Whether a pass is as good as the best: no worse by more than one standard error.</summary>
    /// <param name="right">Samples it is right on.</param>
    /// <param name="most">Those of the best pass.</param>
    /// <param name="judged">Out of how many.</param>
    internal static bool IsAsGood(int right, int most, int judged) => right >= most - Math.Sqrt(most * (1 - ((double)most / judged)));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"labelled={Labelled} seed={Seed} batch={Batch} epochs={Epochs} patience={Patience} rate={LearningRate} decay={WeightDecay} "
        + $"dropout={FeatureDropout}/{HiddenDropout} softening={Softening} heldout={HeldOut}");
}
