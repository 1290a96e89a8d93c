namespace EdgeML.Training.Quantisation;

/// <summary>The values that a network's tensors had for some samples.</summary>
sealed class RangeObservation
{
    readonly WholeGraph _graph;
    readonly Dictionary<string, ValueHistogram> _seen = [];
    readonly Dictionary<(string, RangeMethod), TensorScale> _scales = [];

    RangeObservation(WholeGraph graph) => _graph = graph;

    /// <summary>Runs samples and keeps what tensors hold.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="tensors">Any of it, the input included.</param>
    /// <param name="samples">Tells the ranges.</param>
    /// <param name="done">Gets the number of samples done.</param>
    /// <param name="cancellation">Checked between samples.</param>
    internal static RangeObservation Of(
        WholeGraph graph, IReadOnlyCollection<string> tensors, SampleChoice samples, Action<int> done, CancellationToken cancellation)
    {
        var observation = new RangeObservation(graph);
        foreach (string tensor in tensors) observation._seen[tensor] = new ValueHistogram(tensor);
        string[] outputs = [.. tensors.Where(t => t != graph.Input)];
        ValueHistogram[] histograms = [.. outputs.Select(o => observation._seen[o])];
        float[] input = new float[graph.InputDims.Aggregate(1L, (product, dim) => product * dim)];
        using GraphSession? session = outputs.Length == 0 ? null : new GraphSession(graph.Model, graph, outputs);
        for (int i = 0; i < samples.Ranging.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            samples.ReadRanging(i, input);
            if (observation._seen.TryGetValue(graph.Input, out ValueHistogram? entering)) entering.Add(input);
            session?.Run(input, (output, values) => histograms[output].Add(values));
            done(i + 1);
        }
        return observation;
    }

    /// <summary>The scale of a tensor; of one that was only moved from another, that of the other.</summary>
    internal TensorScale Scale(string tensor, RangeMethod method)
    {
        string seen = tensor;
        while (!_seen.ContainsKey(seen)) seen = _graph.Index.Nodes[_graph.Index.Producer(seen)].Input[0];
        if (!_scales.TryGetValue((seen, method), out TensorScale scale)) _scales[(seen, method)] = scale = RangeChoice.Of(_seen[seen], method);
        return scale;
    }
}
