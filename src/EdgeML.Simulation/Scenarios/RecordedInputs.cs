using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Simulation.Scenarios;

/// <summary>Every exit's output for a run of inputs, and the answer that counts as right.</summary>
sealed class RecordedInputs
{
    readonly ExitRecorder _recorder;
    readonly string _source;
    readonly int _finalExit;

    RecordedInputs(ExitRecorder recorder, string source, int finalExit) => (_recorder, _source, _finalExit) = (recorder, source, finalExit);

    /// <summary>Runs inputs 0, 1, ... of a source through the whole network.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="source">Read from this thread.</param>
    /// <param name="count">How many.</param>
    /// <param name="cancellation">Checked between inputs.</param>
    public static RecordedInputs Record(BranchedModel model, ImageSource source, int count, CancellationToken cancellation)
    {
        using ExitRecorder recorder = ExitRecording.Record(model, source, count, done: null, cancellation);
        return new RecordedInputs(recorder, source.Spec, model.Manifest.Exits.Count);
    }

    /// <summary>Whether a class is the right answer to an input: its label, or without labels the final exit's class.</summary>
    public bool IsCorrect(int input, int answer) =>
        answer == (_recorder.Label(input) >= 0 ? _recorder.Label(input) : _recorder.Class(input, _finalExit));

    /// <summary>The inputs as calibration samples, in order.</summary>
    public ExitCalibration ToCalibration() => _recorder.ToCalibration(_source);
}
