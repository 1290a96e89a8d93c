using System.Runtime.ExceptionServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Data;

namespace EdgeML.Training.Evaluation;

/// <summary>Bytes against accuracy at every cut: the final exit's answers when the tensor there has gone through a codec.</summary>
public static class CodecCurve
{
    /// <summary>The names of the codecs that a plan may hold.</summary>
    public static IReadOnlyList<string> Codecs { get; } = ["fp16", "int8", "bottleneck"];

    /// <summary>Runs samples of a source through codecs at cuts.</summary>
    /// <param name="model">Loaded, best without fused ranges.</param>
    /// <param name="source">Of the model's input shape.</param>
    /// <param name="count">Samples.</param>
    /// <param name="plan">Codecs and cuts to measure.</param>
    /// <param name="done">Gets the number of samples done, by one thread at a time.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public static CodecOutcome Measure(
        BranchedModel model, ImageSource source, int count, CodecPlan plan, Action<int>? done, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        manifest.RequireClassifier("measuring codecs by accuracy");
        var codecs = new List<CutCodec>();
        if (plan.Codecs.Contains("fp16")) codecs.Add(CutCodec.Of(manifest, TensorEncoding.Float16, "fp16"));
        if (plan.Codecs.Contains("int8")) codecs.Add(CutCodec.Of(manifest, TensorEncoding.Int8, "int8"));
        IReadOnlyList<FittedBottleneck> fitted = [];
        if (plan.Codecs.Contains("bottleneck"))
        {
            for (int i = 0; i < model.Bottlenecks.Items.Count; i++) codecs.Add(CutCodec.Of(model.Bottlenecks, i + 1));
            if (plan.FitSource is { } data) fitted = CutBottlenecks.Fit(model, new SampleReader(data), plan, cancellation);
            codecs.AddRange(fitted.Select(each => each.Codec()));
        }
        (List<CodecRow> rows, double accuracy) = Measure(model, source, count, plan.Cuts, codecs, plan.Workers, done, cancellation);
        return new CodecOutcome(rows, accuracy, CutBottlenecks.WorthKeeping(fitted, rows, count, source.Spec, plan.MaxLoss));
    }

    static (List<CodecRow> Rows, double Accuracy) Measure(
        BranchedModel model, ImageSource source, int count, IReadOnlyList<int> cuts, List<CutCodec> codecs, int workers,
        Action<int>? done, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var right = new int[cuts.Count, codecs.Count];
        var differs = new int[cuts.Count, codecs.Count];
        (int next, int finished, int wholeRight, bool labelled) = (-1, 0, 0, true);
        var samples = new SampleReader(source);
        var gate = new Lock();
        try
        {
            Parallel.For(0, Math.Min(workers, count), _ =>
            {
                using var slot = new InferenceSlot(model);
                var answers = new int[cuts.Count, codecs.Count];
                while (Interlocked.Increment(ref next) is int i && i < count)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int label;
                    lock (gate) label = samples.Load(slot, i);
                    int whole = Answers(model, slot, cuts, codecs, answers);
                    lock (gate)
                    {
                        Judge(answers, label, whole);
                        done?.Invoke(++finished);
                    }
                }
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        var rows = new List<CodecRow>();
        for (int c = 0; c < cuts.Count; c++)
        {
            for (int e = 0; e < codecs.Count; e++)
            {
                long bytes = codecs[e].BytesAt(cuts[c]);
                if (bytes < 0) continue;
                double accuracy = labelled ? (double)right[c, e] / count : double.NaN;
                double lost = ((double)wholeRight / count) - accuracy;
                rows.Add(new CodecRow(cuts[c], codecs[e].Name, bytes, accuracy, lost, (double)differs[c, e] / count));
            }
        }
        return (rows, labelled ? (double)wholeRight / count : double.NaN);

        void Judge(int[,] answers, int label, int whole)
        {
            labelled &= label >= 0;
            if (whole == label) wholeRight++;
            for (int c = 0; c < cuts.Count; c++)
            {
                for (int e = 0; e < codecs.Count; e++)
                {
                    if (answers[c, e] == label) right[c, e]++;
                    if (answers[c, e] != whole) differs[c, e]++;
                }
            }
        }
    }

    /// <summary>The whole network's answer, and those after every cut and codec.</summary>
    static int Answers(BranchedModel model, InferenceSlot slot, IReadOnlyList<int> cuts, List<CutCodec> codecs, int[,] answers)
    {
        int local = model.Manifest.LocalCut;
        float[] never = new float[model.Manifest.SideExits];
        slot.DecodeInput();
        for (int unit = 1; unit <= local; unit++) slot.Run(unit - 1, unit, never);
        int whole = slot.Result.Label;
        // From the last cut to the first: the network after a cut may overwrite the boundaries there, never those before it.
        for (int c = cuts.Count - 1; c >= 0; c--)
        {
            int cut = cuts[c];
            Span<float> tensor = slot.Workspace.Boundary(cut).Floats;
            float[] kept = tensor.ToArray();
            for (int e = 0; e < codecs.Count; e++)
            {
                if (codecs[e].BytesAt(cut) < 0) continue;
                codecs[e].Apply(slot, cut);
                slot.Run(cut, local, never);
                answers[c, e] = slot.Result.Label;
                kept.CopyTo(tensor);
            }
        }
        return whole;
    }
}
