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

    readonly Option<string[]> _rules = new("--exit-rules")
    {
        HelpName = "RULE,...",
        Description = "Compare exit rules instead: entropy, max-probability, margin, patience:K, or the package's own; the same samples for each.",
    };

    static readonly double[] s_lost = [0, 0.005, 0.01, 0.02], s_work = [0.4, 0.6, 0.8];

    public CurveCommand()
        : base("curve", "Show how right each exit is, and accuracy against work over thresholds.",
            "edgeml curve --model engines/shapes-vgg --data shapes:seed=2001,difficulty=mixed --exit-rules entropy,max-probability,margin,patience:2",
            "edgeml curve --model engines/shapes-vgg --data shapes:seed=2001,difficulty=mixed --count 500 --svg curve.svg")
    {
        AddOptions(_model, _data, _count, _rules, _svg, _json);
        _backend.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DataSpec spec = DataSpec.Parse(parsed.GetRequiredValue(_data));
        using BranchedModel model = _backend.Load(parsed, parsed.GetRequiredValue(_model), cancellation);
        if (parsed.GetResult(_rules) is not null) return Task.FromResult(Compare(parsed, spec, model, cancellation));
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

    int Compare(ParseResult parsed, DataSpec spec, BranchedModel model, CancellationToken cancellation)
    {
        if (parsed.GetValue(_svg) is not null) throw new ArgumentException("--svg draws one curve; it does not go with --exit-rules");
        ModelManifest manifest = model.Manifest;
        ExitRule[] rules = [.. (parsed.GetValue(_rules) ?? []).SelectMany(text => text.Split(',')).Select(ExitRule.Parse).Distinct()];
        foreach (ExitRule rule in rules) _ = manifest.WithExitRule(rule);
        var results = new List<ExitRuleResult>();
        ExitCalibration? record = null;
        foreach (ExitRule rule in rules)
        {
            (ExitRecorder recorder, string source) = SampleRun.Record(model, spec, parsed.GetValue(_count), DefaultCount, rule, cancellation);
            using ExitRecorder owned = recorder;
            record = recorder.ToCalibration(source);
            results.Add(new ExitRuleResult(record, manifest));
        }
        string judged = record!.Labelled ? "right" : "agrees with the final exit";
        Terminal.Line(
            $"{manifest.Name}, {record.Samples} samples of {record.Source}; the whole network: {100 * results[0].Whole.Accuracy:0.00} % {judged}, {results[0].WholeMacs / 1e6:0.00} MMAC");
        Terminal.Line("work in percent of the whole network's with at most so many points lost, and accuracy with at most so much work; one threshold for all exits");
        Terminal.Line();
        TextTable table = new TextTable().Left("exit rule").Right(
            [.. s_lost.Select(lost => $"work, {100 * lost:0.#} points lost"), .. s_work.Select(work => $"{judged}, {100 * work:0} % work")]);
        foreach (ExitRuleResult result in results)
            table.Row(
            [
                $"{result.Rule}", .. s_lost.Select(lost => $"{100 * result.LeastWork(lost).MeanMacs / result.WholeMacs:0.0} %"),
                .. s_work.Select(work => result.MostRight(work) is { } row ? $"{100 * row.Accuracy:0.00} %" : "-"),
            ]);
        table.ShowOrMarkdown();
        if (parsed.GetValue(_json) is { } json)
            JsonFile.Write(
                json, new ExitRulesJson(
                    manifest.Hash, record.Source, record.Samples, record.Labelled, results[0].Whole.Accuracy, results[0].WholeMacs,
                    [
                        .. results.Select(result => new ExitRuleJson(
                            result.Rule.ToString(), [.. s_lost.Select(lost => Json(lost, result.LeastWork(lost)))],
                            [.. s_work.Where(work => result.MostRight(work) is not null).Select(work => Json(work, result.MostRight(work)!))])),
                    ]), CommandJson.Default.ExitRulesJson);
        return 0;
    }

    static ExitRulePointJson Json(double bound, ExitCurveRow row) => new(bound, row.Threshold, row.Accuracy, row.MeanMacs);

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
