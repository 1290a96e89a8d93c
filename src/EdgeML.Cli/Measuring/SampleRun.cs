using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Measuring;

/// <summary>Samples at every exit of a model, as several commands take them: with notes on the data and a progress line.</summary>
static class SampleRun
{
    /// <param name="model">The model.</param>
    /// <param name="spec">Where the samples come from.</param>
    /// <param name="asked">How many; null for <paramref name="standard"/>, or as many as there are.</param>
    /// <param name="standard">How many of a source without an end.</param>
    /// <param name="cancellation">Ends it between samples.</param>
    /// <returns>Every exit's outputs, and the name of the source.</returns>
    public static (ExitRecorder Recorder, string Source) Record(
        BranchedModel model, DataSpec spec, int? asked, int standard, CancellationToken cancellation) =>
        Record(model, spec, asked, standard, model.Manifest.ExitRule, cancellation);

    /// <param name="model">The model.</param>
    /// <param name="spec">Where the samples come from.</param>
    /// <param name="asked">How many; null for <paramref name="standard"/>, or as many as there are.</param>
    /// <param name="standard">How many of a source without an end.</param>
    /// <param name="rule">By which the exits decide.</param>
    /// <param name="cancellation">Ends it between samples.</param>
    /// <returns>Every exit's outputs, and the name of the source.</returns>
    public static (ExitRecorder Recorder, string Source) Record(
        BranchedModel model, DataSpec spec, int? asked, int standard, ExitRule rule, CancellationToken cancellation)
    {
        using ImageSource source = spec.Open(model.Manifest, asked);
        DataNotes.Show(source);
        int count = source.Samples(asked, standard);
        using var progress = new ProgressLine("samples", count);
        return (ExitRecording.Record(model, source, count, rule, progress.Report, cancellation), source.Spec);
    }
}
