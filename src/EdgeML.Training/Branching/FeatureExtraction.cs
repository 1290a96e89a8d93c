using System.Numerics.Tensors;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Training.Data;

namespace EdgeML.Training.Branching;

/// <summary>Runs the backbone once over samples and keeps the inputs of the heads.</summary>
sealed class FeatureExtraction(Backbone backbone, IReadOnlyList<HeadPlan> plans, int threads)
{
    const int Block = 256;

    readonly InputPixels _pixels = new(backbone.Manifest);

    /// <summary>Fills rows from samples; several threads, each with its own source.</summary>
    /// <param name="file">Rows to fill.</param>
    /// <param name="done">Rows of these samples that are there already.</param>
    /// <param name="count">Samples.</param>
    /// <param name="firstRow">Row of sample 0.</param>
    /// <param name="open">Opens the source once a thread.</param>
    /// <param name="kept">Gets the number of rows of these samples that are safe in the file, after every block.</param>
    /// <param name="cancellation">Checked between blocks.</param>
    /// <exception cref="InvalidDataException">A label or a score that makes no sense.</exception>
    internal void Run(
        FeatureFile file, long done, long count, long firstRow, Func<ImageSource> open, Action<long> kept, CancellationToken cancellation)
    {
        if (done >= count) return;
        (RangeModel model, int width) = backbone.FeatureModel(plans);
        using var backend = new Backend(new BackendOptions());
        using var noWeights = new WeightsHandle();
        using var engine = new Engine(backend, noWeights, model);
        var sources = new ImageSource[threads];
        var taps = new TensorTap[threads];
        try
        {
            for (int i = 0; i < threads; i++)
            {
                sources[i] = open();
                taps[i] = new TensorTap(backend, engine, backbone.Manifest.Input.Elements, width);
            }
            for (long at = done; at < count; at += Block)
            {
                cancellation.ThrowIfCancellationRequested();
                long next = at - 1, end = Math.Min(at + Block, count);
                try
                {
                    Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, worker =>
                    {
                        for (long i; (i = Interlocked.Increment(ref next)) < end;)
                            Fill(file.Row(firstRow + i), i, sources[worker], taps[worker]);
                    });
                }
                catch (AggregateException e)
                {
                    throw e.InnerExceptions.OfType<InvalidDataException>().FirstOrDefault() ?? e.InnerExceptions[0];
                }
                file.Flush();
                kept(end);
            }
        }
        finally
        {
            foreach (TensorTap? tap in taps) tap?.Dispose();
            foreach (ImageSource? source in sources) source?.Dispose();
        }
    }

    void Fill(Span<float> row, long sample, ImageSource source, TensorTap tap)
    {
        int label = source.ReadTensor(sample, tap.Input, _pixels);
        if (label >= backbone.Manifest.Classes)
            throw new InvalidDataException(
                $"sample {sample} of {source.Spec} has label {label}, {backbone.Manifest.Name} tells {backbone.Manifest.Classes} classes apart");
        tap.Run();
        if (!float.IsFinite(TensorPrimitives.Sum(tap.Output)))
            throw new InvalidDataException($"{backbone.Manifest.Name} makes NaN or infinity of sample {sample} of {source.Spec}");
        tap.Output.CopyTo(row);
        row[^1] = label;
    }
}
