using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Measuring;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml record</c>: answer and entropy of every exit for real samples, for <c>simulate</c>.</summary>
sealed class RecordCommand : CliCommand
{
    const int DefaultCount = 1000;

    readonly Option<string> _model = SharedOptions.Model();
    readonly BackendSelection _backend = new();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<string?> _out = SharedOptions.OutputFile("--out", "E.csv", "The file to write: index,label,pred1,entropy1,...");
    readonly Option<int?> _count = SharedOptions.Samples(DefaultCount);

    public RecordCommand()
        : base("record", "Record every exit's output for samples, for edgeml simulate.",
            "edgeml record --model engines/shapes-vgg --data shapes:seed=2001,difficulty=mixed --count 1000 --out exits.csv")
    {
        _out.Required = true;
        AddOptions(_model, _data, _out, _count);
        _backend.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DataSpec spec = DataSpec.Parse(parsed.GetRequiredValue(_data));
        using BranchedModel model = _backend.Load(parsed, parsed.GetRequiredValue(_model), cancellation);
        (ExitRecorder recorder, string source) = SampleRun.Record(model, spec, parsed.GetValue(_count), DefaultCount, cancellation);
        using ExitRecorder owned = recorder;
        string path = parsed.GetRequiredValue(_out)!;
        OutputFile.WriteText(path, writer => ExitsFile.Write(writer, recorder, model.Manifest.Exits.Count));
        Terminal.Line(
            $"{recorder.Samples} samples of {source} at {model.Manifest.Exits.Count} exits of {model.Manifest.Name}: {path}");
        return Task.FromResult(0);
    }
}
