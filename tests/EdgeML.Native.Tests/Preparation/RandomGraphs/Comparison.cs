namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Answers beside those of the untouched file.</summary>
/// <param name="graph">Says how close they must be.</param>
/// <param name="expected">Scores of the untouched file by sample and output.</param>
sealed class Comparison(RandomGraph graph, IReadOnlyList<Dictionary<string, float[]>> expected)
{
    const float Single = 1e-4f, Half = 2e-3f, MostRounded = 0.05f;

    /// <summary>The largest difference so far as a share of the largest score.</summary>
    internal float Worst { get; private set; }

    /// <summary>The largest score of an output over all samples; of one behind a softmax, around its mean, which a softmax ignores.</summary>
    internal float Largest(GraphOutput output) => expected.Max(scores => Seen(output, scores[output.Name]).Max(Math.Abs));

    /// <summary>How far the scores of an output move over the samples, as a share of the largest.</summary>
    internal float Movement(GraphOutput output)
    {
        float[][] seen = [.. expected.Select(scores => Seen(output, scores[output.Name]))];
        return Enumerable.Range(0, seen[0].Length).Max(c => seen.Max(s => s[c]) - seen.Min(s => s[c])) / Largest(output);
    }

    /// <summary>Whether some sample has the same score for every class, which no threshold takes.</summary>
    internal bool IsEven(GraphOutput output) => expected.Any(scores => scores[output.Name] is var all && all.Max() - all.Min() < 0.01f * Largest(output));

    /// <summary>Why one answer is wrong, or null.</summary>
    internal string? Fault(GraphOutput output, int sample, float[] answer)
    {
        float tolerance = graph.Precision == Precision.Half ? Half : Single;
        float difference = Difference(output, sample, answer) / Largest(output);
        Worst = Math.Max(Worst, difference);
        return difference <= tolerance ? null : $"sample {sample}, {output.Name}: {difference:g3} of the largest score off"; // NaN is off
    }

    /// <summary>Why the uncut answers of a quantised network are wrong, or null.</summary>
    internal string? RoundingFault(GraphOutput output, float[][] answers)
    {
        int rounded = 0;
        for (int sample = 0; sample < answers.Length; sample++)
        {
            float difference = Difference(output, sample, answers[sample]);
            if (difference <= Single * Largest(output)) continue;
            rounded++;
            Worst = Math.Max(Worst, difference / Largest(output));
            if (!(difference <= output.Step * 1.001)) return $"sample {sample}, {output.Name}: {difference:g3} off, one step is {output.Step:g3}";
            float[] scores = expected[sample][output.Name];
            (int right, int given) = (Array.IndexOf(scores, scores.Max()), Array.IndexOf(answers[sample], answers[sample].Max()));
            if (scores[right] - scores[given] > output.Step * 1.001) return $"sample {sample}, {output.Name}: class {given} instead of {right}";
        }
        return rounded <= Math.Max(1, MostRounded * answers.Length) ? null : $"{output.Name}: {rounded} of {answers.Length} samples a step off";
    }

    float Difference(GraphOutput output, int sample, float[] answer)
    {
        float[] right = Seen(output, expected[sample][output.Name]), given = Seen(output, answer);
        return right.Zip(given, (a, b) => float.IsFinite(b) ? Math.Abs(a - b) : float.NaN).Aggregate(0f, (most, next) => !(next <= most) ? next : most);
    }

    static float[] Seen(GraphOutput output, float[] scores)
    {
        if (!output.IsProbability) return scores;
        float mean = scores.Average();
        return [.. scores.Select(score => score - mean)];
    }
}
