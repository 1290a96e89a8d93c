using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Training.Evaluation;

/// <summary>Runs the samples of a source through every exit of a model.</summary>
public static class ExitRecording
{
    /// <summary>Records the first samples of a source.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="source">Of the model's input shape.</param>
    /// <param name="count">Samples to run.</param>
    /// <param name="done">Gets the number of samples done; null if not needed.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Every exit's outputs; the caller disposes them.</returns>
    public static ExitRecorder Record(
        BranchedModel model, ImageSource source, int count, Action<int>? done = null, CancellationToken cancellation = default) =>
        Record(model, source, count, model.Manifest.ExitRule, done, cancellation);

    /// <summary>Records the first samples of a source as the exits would decide by another rule.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="source">Of the model's input shape.</param>
    /// <param name="count">Samples to run.</param>
    /// <param name="rule">Built in, or the model's own.</param>
    /// <param name="done">Gets the number of samples done; null if not needed.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Every exit's outputs; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">A custom rule that is not the model's.</exception>
    public static ExitRecorder Record(
        BranchedModel model, ImageSource source, int count, ExitRule rule, Action<int>? done = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var recorder = new ExitRecorder(model, rule);
        try
        {
            byte[] bytes = source.HasBytes ? new byte[source.Elements] : [];
            float[] floats = source.HasBytes ? [] : new float[source.Elements];
            for (int i = 0; i < count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                int label = source.HasBytes ? source.Read(i, bytes) : source.ReadTensor(i, floats);
                if (source.HasBytes) recorder.Record(bytes, label);
                else recorder.Record(floats, label);
                done?.Invoke(i + 1);
            }
            return recorder;
        }
        catch
        {
            recorder.Dispose();
            throw;
        }
    }
}
