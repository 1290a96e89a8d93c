using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Measuring;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml curve</c>: accuracy of every exit, and accuracy against work over thresholds; as Markdown.</summary>
sealed class CurveCommand : CliCommand
{
    const int DefaultCount = 1000;

    readonly Option<string> _model = SharedOptions.Model();
    readonly BackendSelection _backend = new();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<int?> _count = SharedOptions.Samples(DefaultCount);
    readonly Option<string?> _svg = SharedOptions.OutputFile("--svg", "FILE", "Also draw the curve.");
    readonly Option<string?> _json = SharedOptions.Json();

    public CurveCommand()
        : base("curve", "Show how right each exit is, and accuracy against work over thresholds.",
            "edgeml curve --model engines/shapes-vgg --data shapes:seed=2001,difficulty=mixed --count 500 --svg curve.svg")
    {
        AddOptions(_model, _data, _count, _svg, _json);
        _backend.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DataSpec spec = DataSpec.Parse(parsed.GetRequiredValue(_data));
        using BranchedModel model = _backend.Load(parsed, parsed.GetRequiredValue(_model), cancellation);
        (ExitRecorder recorder, string source) = SampleRun.Record(model, spec, parsed.GetValue(_count), DefaultCount, cancellation);
        using ExitRecorder owned = recorder;
        ExitCalibration record = recorder.ToCalibration(source);
        var curve = new ExitCurve(record, model.Manifest);
        IReadOnlyList<ExitCurveRow> rows = curve.Sweep(ExitCurve.DefaultThresholds);
        Show(model.Manifest, record, curve, rows);
        if (parsed.GetValue(_svg) is { } svg)
        {
            string drawn = ExitCurveChart.Draw(curve, rows, $"{model.Manifest.Name}, {record.Samples} samples of {record.Source}");
            OutputFile.Write(svg, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(drawn)));
        }
        if (parsed.GetValue(_json) is { } json)
            JsonFile.Write(json, Json(model.Manifest, record, curve, rows), CommandJson.Default.CurveJson);
        return Task.FromResult(0);
    }

    static void Show(ModelManifest manifest, ExitCalibration record, ExitCurve curve, IReadOnlyList<ExitCurveRow> rows)
    {
        IReadOnlyList<double> accuracies = curve.ExitAccuracies(), entropies = curve.MeanEntropies();
        IReadOnlyList<long> macs = curve.MacsTo();
        string judged = record.Labelled ? "right" : "agrees with the final exit";
        Terminal.Line($"{manifest.Name}, {record.Samples} samples of {record.Source}");
        Terminal.Line();
        TextTable exits = new TextTable().Left("exit").Right(judged, "mean entropy", "MMAC up to it");
        for (int i = 0; i < accuracies.Count; i++)
            exits.Row($"{i + 1} {manifest.Exits[i].Name}", $"{100 * accuracies[i]:0.00} %", $"{entropies[i]:0.000}", $"{macs[i] / 1e6:0.00}");
        exits.ShowOrMarkdown();
        Terminal.Line();
        TextTable thresholds = new TextTable().Right(["threshold", judged, "mean MMAC", .. manifest.Exits.Select(exit => exit.Name)]);
        foreach (ExitCurveRow row in rows)
            thresholds.Row(
            [
                $"{row.Threshold:0.00}", $"{100 * row.Accuracy:0.00} %", $"{row.MeanMacs / 1e6:0.00}",
                .. row.Shares.Select(share => $"{100 * share:0.0} %"),
            ]);
        thresholds.ShowOrMarkdown();
    }

    static CurveJson Json(ModelManifest manifest, ExitCalibration record, ExitCurve curve, IReadOnlyList<ExitCurveRow> rows)
    {
        IReadOnlyList<double> accuracies = curve.ExitAccuracies(), entropies = curve.MeanEntropies();
        IReadOnlyList<long> macs = curve.MacsTo();
        return new CurveJson(
            manifest.Hash, record.Source, record.Samples, record.Labelled,
            [.. accuracies.Select((accuracy, i) => new CurveExitJson(i + 1, manifest.Exits[i].Name, accuracy, entropies[i], macs[i]))],
            [.. rows.Select(row => new CurveThresholdJson(row.Threshold, row.Accuracy, row.MeanMacs, row.Shares))]);
    }
}
