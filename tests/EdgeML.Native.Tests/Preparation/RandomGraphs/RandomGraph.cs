using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>How close answers must be to those of the untouched file.</summary>
enum Precision
{
    /// <summary>1e-4 of the largest score.</summary>
    Single,

    /// <summary>2e-3 of the largest score.</summary>
    Half,

    /// <summary>Every cut gives the bits of the uncut network; that one is at most one step of the last quantised tensor away from the
    /// untouched file, on at most 5 % of the samples.</summary>
    Quantised,
}

/// <summary>An output of a file: its name, and the tensor with its scores, which is another one where a softmax ends the network.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Scores">The tensor a softmax turns into the output, or the output itself.</param>
/// <param name="Step">Quantised networks: by how much one step of every element of the last quantised tensor moves a score.</param>
sealed record GraphOutput(string Name, string Scores, double Step = 0)
{
    internal bool IsProbability => Name != Scores;
}

/// <summary>A small classifier drawn from a seed.</summary>
/// <param name="Seed">Gives the same graph again.</param>
/// <param name="Kind">Family of networks.</param>
/// <param name="Model">The file.</param>
/// <param name="Input">Shape of the input, batch included.</param>
/// <param name="Outputs">In the order of the file.</param>
/// <param name="Precision">How close answers must be.</param>
/// <param name="Traits">What it holds.</param>
/// <param name="Unsuitable">The operator for which it must be refused, or null.</param>
sealed partial record RandomGraph(
    int Seed, string Kind, ModelProto Model, long[] Input, IReadOnlyList<GraphOutput> Outputs, Precision Precision,
    IReadOnlyCollection<string> Traits, string? Unsuitable = null)
{
    /// <summary>Seeded inputs with a pattern and an offset each, so that scores differ between samples.</summary>
    internal float[][] Samples(int count)
    {
        var random = new Random(Seed ^ 0x5eed);
        float[][] samples = new float[count][];
        for (int s = 0; s < count; s++)
        {
            double offset = random.NextDouble() - 0.5, slope = 2 * (random.NextDouble() - 0.5), noise = 0.3 + random.NextDouble();
            int period = random.Next(2, 9);
            long elements = Input.Aggregate(1L, (product, dim) => product * dim);
            samples[s] = [.. Enumerable.Range(0, (int)elements).Select(i => (float)(
                offset + slope * Math.Sin(2 * Math.PI * i / period) + noise * (random.NextDouble() - 0.5)))];
        }
        return samples;
    }

    public override string ToString() => $"seed {Seed}: {Kind}, operator set {Model.OpsetImport[0].Version}, {Model.Graph.Node.Count} nodes";
}
