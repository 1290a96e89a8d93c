using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Data;
using EdgeML.Native.Models;

namespace EdgeML.Native.Lab.Evaluation;

/// <summary>Runs the samples of a source through every exit of a model.</summary>
public static class ExitRecording
{
    /// <summary>Records the first samples of a source.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="source">Of the model's input shape.</param>
    /// <param name="count">Samples to run.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    /// <returns>Judged by labels, or without them by agreement with the final exit.</returns>
    public static ExitCalibration Record(BranchedModel model, ImageSource source, int count, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        using var recorder = new ExitRecorder(model);
        byte[] bytes = source.HasBytes ? new byte[source.Elements] : [];
        float[] floats = source.HasBytes ? [] : new float[source.Elements];
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int label = source.HasBytes ? source.Read(i, bytes) : source.ReadTensor(i, floats);
            if (source.HasBytes) recorder.Record(bytes, label);
            else recorder.Record(floats, label);
        }
        return recorder.ToCalibration(source.Spec);
    }
}
