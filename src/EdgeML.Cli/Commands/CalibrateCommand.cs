using System.CommandLine;
using EdgeML.Cli.Calibrating;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Measuring;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Calibration;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml calibrate</c>: limits of the thresholds that keep a guarantee on the loss of early answers.</summary>
sealed class CalibrateCommand : CliCommand
{
    const int DefaultCount = 5000;

    readonly Argument<string> _model = new("DIR") { Description = "Model package, a folder made by edgeml prepare." };
    readonly Option<string?> _data = SharedOptions.OptionalData();
    readonly Option<string?> _exits = new("--exits") { HelpName = "E.csv", Description = "Recorded by edgeml record, in place of --data." };
    readonly Option<double?> _maxLoss = SharedOptions.Positive("--max-loss", "POINTS", "Points of accuracy early answers may lose (0.5).");
    readonly Option<double?> _confidence = SharedOptions.Positive("--confidence", "PERCENT", "How sure that is (95).");
    readonly Option<string?> _labels = SharedOptions.OneOf(
        "--labels", "Judge by labels, or by agreement with the whole network (use where there are labels).", "use", "none");
    readonly Option<string?> _rule = SharedOptions.ExitRule(
        "Decide by this rule from now on: entropy, max-probability, margin or patience:K; the package's own unless given.");
    readonly Option<int?> _count = SharedOptions.Samples(DefaultCount);
    readonly Option<int?> _draws = SharedOptions.Count(
        "--check-draws", "Write nothing; calibrate so many times on samples drawn with replacement, judge each on all of them.");
    readonly Option<int?> _size = SharedOptions.Count("--draw-size", "Samples in such a draw; as many as there are unless given.");
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly TrustSelection _trust = new();
    readonly Option<string?> _json = SharedOptions.Json();

    public CalibrateCommand()
        : base("calibrate", "Limit thresholds so that early answers cost at most the given points of accuracy with the given confidence; every session keeps the limits.",
            "edgeml calibrate engines/shapes-vgg --data shapes:seed=4001,difficulty=mixed --max-loss 0.5 --confidence 95",
            "edgeml calibrate engines/shapes-vgg --data shapes:seed=4001,difficulty=mixed --exit-rule margin",
            "edgeml calibrate engines/shapes-vgg --exits exits.csv --labels none --check-draws 1000")
    {
        Arguments.Add(_model);
        AddOptions(_data, _exits, _maxLoss, _confidence, _labels, _rule, _count, _draws, _size, _seed, _json);
        _trust.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        double points = parsed.GetValue(_maxLoss) ?? 0.5, percent = parsed.GetValue(_confidence) ?? 95;
        if (!(points < 100)) throw new ArgumentException($"--max-loss is {points} points, not below 100");
        if (!(percent < 100)) throw new ArgumentException($"--confidence is {percent} %, not below 100");
        if (parsed.GetValue(_data) is null == parsed.GetValue(_exits) is null)
            throw new ArgumentException("calibrate takes samples either from --data or from --exits");
        int seed = (int)((parsed.GetValue(_seed) ?? 1) & int.MaxValue);
        using ModelPackage package = ModelPackage.Open(parsed.GetRequiredValue(_model), _trust.Keys(parsed));
        package.Manifest.RequireClassifier("calibration");
        ModelManifest manifest = parsed.GetValue(_rule) is { } asked ? package.Manifest.WithExitRule(ExitRule.Parse(asked)) : package.Manifest;
        (ExitCalibration record, ExitCalibration agreement) = Samples(parsed, package, manifest.ExitRule, cancellation);
        var report = new CalibrateReport(manifest, record);
        if (parsed.GetValue(_draws) is { } draws)
        {
            using var progress = new ProgressLine("draws", draws);
            GuaranteeCheckResult check = GuaranteeCheck.Run(
                manifest, record, points / 100, percent / 100, draws, parsed.GetValue(_size), seed, progress.Report, cancellation);
            progress.Clear();
            report.Show(check, points, percent, seed);
            if (parsed.GetValue(_json) is { } path) report.WriteJson(path, check, points, percent, seed);
            return Task.FromResult(0);
        }
        GuaranteeOutcome outcome = GuaranteeCalibration.Guarantee(manifest, record, agreement, points / 100, percent / 100, seed);
        cancellation.ThrowIfCancellationRequested();
        var note = new SignatureNote(package);
        package.SaveExitRule(manifest.ExitRule);
        // A recorded file says as much to controllers as fresh samples do.
        package.SaveCalibration(record);
        outcome = outcome with { Guarantee = package.SaveGuarantee(outcome.Guarantee) };
        report.Show(outcome);
        note.Show();
        if (parsed.GetValue(_json) is { } json) report.WriteJson(json, outcome);
        return Task.FromResult(0);
    }

    (ExitCalibration Record, ExitCalibration Agreement) Samples(
        ParseResult parsed, ModelPackage package, ExitRule rule, CancellationToken cancellation)
    {
        bool byLabels = parsed.GetValue(_labels) != "none";
        (ExitCalibration record, ExitCalibration agreement) =
            parsed.GetValue(_exits) is { } exits
                ? (ExitsFile.Load(exits, byLabels), ExitsFile.Load(exits, byLabels: false))
                : Recorded(DataSpec.Parse(parsed.GetValue(_data)!), parsed.GetValue(_count), package, rule, byLabels, cancellation);
        if (parsed.GetValue(_labels) == "use" && !record.Labelled)
            throw new ArgumentException($"--labels is use, but {record.Source} has samples without a label");
        return (record, agreement);
    }

    static (ExitCalibration Record, ExitCalibration Agreement) Recorded(
        DataSpec spec, int? asked, ModelPackage package, ExitRule rule, bool byLabels, CancellationToken cancellation)
    {
        using BranchedModel model = BranchedModel.Load(package);
        (ExitRecorder recorder, string source) = SampleRun.Record(model, spec, asked, DefaultCount, rule, cancellation);
        using ExitRecorder owned = recorder;
        return (recorder.ToCalibration(source, byLabels), recorder.ToCalibration(source, byLabels: false));
    }
}
