namespace EdgeML.Cli.Running;

/// <summary>One class with its probability.</summary>
readonly record struct RankedClass(int Class, float Probability);

/// <summary>The answer of <c>run</c> to one input.</summary>
/// <param name="Input">File name, or the sample's index where it has none.</param>
/// <param name="Class">Answered.</param>
/// <param name="Confidence">Softmax probability of the class, 0..1.</param>
/// <param name="Exit">That answered, from 1.</param>
/// <param name="Where">edge, tail, fallback or standby.</param>
/// <param name="LatencyMs">End to end.</param>
/// <param name="Top">The most probable classes, most probable first; empty where they were not asked for.</param>
readonly record struct Answer(
    string Input, int Class, float Confidence, int Exit, string Where, double LatencyMs, RankedClass[] Top);
