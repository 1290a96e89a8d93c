namespace EdgeML.Native.Offload;

/// <summary>The answer of a run on the tail.</summary>
/// <param name="Exit">The exit that answered, 1..N + 1.</param>
/// <param name="Class">Index of the largest logit; <see cref="NoClass"/> for a network without class scores.</param>
/// <param name="Entropy">Normalised, 0..1, or what the package's exit rule has in its place; NaN where the logits are not finite, or are none.</param>
/// <param name="Confidence">Probability of the class; NaN without one.</param>
public readonly record struct TailAnswer(int Exit, int Class, float Entropy, float Confidence)
{
    /// <summary>The class of an answer that is not one of several classes.</summary>
    public const int NoClass = -1;
}
