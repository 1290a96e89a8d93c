namespace EdgeML.Native.Offload;

/// <summary>The answer of a run on the tail.</summary>
/// <param name="Exit">The exit that answered, 1..N + 1.</param>
/// <param name="Class">Index of the largest logit.</param>
/// <param name="Entropy">Normalised, 0..1; NaN where the logits are not finite.</param>
/// <param name="Confidence">Probability of the class.</param>
public readonly record struct TailAnswer(int Exit, int Class, float Entropy, float Confidence);
