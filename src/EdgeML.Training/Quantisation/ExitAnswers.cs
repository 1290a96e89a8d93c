using System.Numerics.Tensors;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Training.Quantisation;

/// <summary>The answers of every exit for the samples that judge.</summary>
/// <param name="Classes">Sample by sample, exits of a sample side by side.</param>
/// <param name="Labels">One for each sample, or -1.</param>
/// <param name="Exits">How many there are.</param>
sealed record ExitAnswers(int[] Classes, int[] Labels, int Exits)
{
    internal static ExitAnswers Of(ExitRecorder recorder, int exits)
    {
        int[] classes = new int[recorder.Samples * exits], labels = new int[recorder.Samples];
        for (int s = 0; s < labels.Length; s++)
        {
            labels[s] = recorder.Label(s);
            for (int e = 0; e < exits; e++) classes[(s * exits) + e] = recorder.Class(s, e + 1);
        }
        return new ExitAnswers(classes, labels, exits);
    }

    /// <summary>The answers of a whole graph.</summary>
    /// <param name="model">Quantised or not.</param>
    /// <param name="graph">Of the same exits.</param>
    /// <param name="samples">Those that judge are run.</param>
    /// <param name="done">Gets the number of samples done.</param>
    /// <param name="cancellation">Checked between samples.</param>
    internal static ExitAnswers Of(ModelProto model, WholeGraph graph, SampleChoice samples, Action<int> done, CancellationToken cancellation)
    {
        int exits = graph.Outputs.Count;
        int[] classes = new int[samples.Judging.Count * exits], labels = new int[samples.Judging.Count];
        float[] input = new float[TensorInfo.Count(graph.InputDims)];
        using var session = new GraphSession(model, graph, graph.Outputs);
        for (int s = 0; s < labels.Length; s++)
        {
            cancellation.ThrowIfCancellationRequested();
            labels[s] = samples.ReadJudging(s, input);
            int row = s * exits;
            session.Run(input, (exit, scores) => classes[row + exit] = TensorPrimitives.IndexOfMax(scores));
            done(s + 1);
        }
        return new ExitAnswers(classes, labels, exits);
    }

    internal bool AllLabelled => Array.TrueForAll(Labels, label => label >= 0);

    /// <summary>Share of the samples where an exit (from 0) names the label.</summary>
    internal double Accuracy(int exit) => Share(exit, s => Labels[s]);

    /// <summary>Share of the samples where an exit answers as another network's does.</summary>
    internal double Agreement(ExitAnswers other, int exit) => Share(exit, s => other.Classes[(s * Exits) + exit]);

    /// <summary>Share of the samples that an exit loses against another network: right answers fewer, or other answers without labels.</summary>
    internal double Lost(ExitAnswers before, int exit, bool labelled) =>
        labelled ? before.Accuracy(exit) - Accuracy(exit) : 1 - Agreement(before, exit);

    /// <summary>The exit (from 0) that loses most, and how much.</summary>
    internal (int Exit, double Lost) Worst(ExitAnswers before, bool labelled) =>
        Enumerable.Range(0, Exits).Select(e => (e, Lost(before, e, labelled))).MaxBy(each => each.Item2);

    double Share(int exit, Func<int, int> expected)
    {
        int same = 0;
        for (int s = 0; s < Labels.Length; s++)
            if (Classes[(s * Exits) + exit] == expected(s)) same++;
        return (double)same / Labels.Length;
    }
}
