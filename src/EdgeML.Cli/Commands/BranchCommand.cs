using System.CommandLine;
using EdgeML.Cli.Branching;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;
using EdgeML.Training.Branching;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml branch</c>: a plain classifier and pictures in, a package with trained exits out.</summary>
sealed class BranchCommand : CliCommand
{
    readonly Argument<string> _file = new("MODEL.onnx") { Description = "A classifier with one input." };
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<string?> _json = SharedOptions.Json();
    readonly PreprocessingOptions _preprocessing = new();
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly Option<string?> _labels = SharedOptions.OneOf(
        "--labels", "Whether exits learn from labels or from the model's own answers; use where the data have them unless given.",
        "use", "none");
    readonly Option<double?> _budget = SharedOptions.Positive(
        "--head-budget", "PCT", "Multiply-accumulates of all new heads together, percent of the model's; 2 unless given.");
    readonly Option<int?> _count = SharedOptions.Count("--count", "Samples to learn from; all of a file, 20000 of shapes unless given.");
    readonly Option<int?> _testCount = SharedOptions.Count("--test-count",
        "Samples of --test; all of a file, 2000 of shapes unless given.");
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads to work with; one per core unless given.");
    readonly Option<string?> _svg = SharedOptions.OutputFile("--svg", "FILE", "Also draw accuracy against work.");
    readonly Option<string?> _onnx = SharedOptions.OutputFile("--onnx", "FILE", "Also write the branched model as one ONNX file.");

    readonly Option<string> _out = new("--out")
    {
        HelpName = "DIR",
        Description = "Folder of the package; a package that lies there is replaced.",
        Required = true,
    };

    readonly Option<int?> _exits = new("--exits")
    {
        HelpName = "N",
        Description = "Side exits to add; 3 unless given.",
        CustomParser = result => EdgeML.Cli.CommandLine.Parse.Whole(result, 1, 15),
    };

    readonly Option<string?> _output = new("--output")
    {
        HelpName = "NAME",
        Description = "The output with the class scores, for a model with several; the others are left out.",
    };

    readonly Option<int[]?> _inputShape = SharedOptions.InputShape();

    readonly Option<string?> _test = new("--test")
    {
        HelpName = "SPEC",
        Description = "Other samples to judge by; those held out of --data unless given.",
    };

    readonly Option<string?> _work = new("--work")
    {
        HelpName = "DIR",
        Description = "Keep features and half-trained heads there for the next call; DIR.work beside the package, until it is done, unless given.",
    };

    readonly Option<bool> _force = new("--force")
    {
        Description = "Replace a package even if its promise, bottlenecks or profile do not fit the new one and are lost.",
    };

    public BranchCommand()
        : base(
            "branch", "Add trained, calibrated exits to a plain ONNX classifier.",
            "edgeml branch models/plain/plain-residual.onnx --data shapes:seed=1,difficulty=mixed --out engines/residual",
            "edgeml branch classifier.onnx --data images:pictures --out model",
            "edgeml branch classifier.onnx --data tensor:samples.f32 --labels none --exits 4 --head-budget 1 --out model",
            "edgeml branch branched.onnx --output logits --data cifar10:train --test cifar10:test.bin --out model --json report.json")
    {
        Arguments.Add(_file);
        AddOptions(_data, _out, _exits, _labels, _budget, _seed, _count, _test, _testCount, _output, _inputShape, _threads, _work, _onnx, _svg,
            _force, _json);
        AddOptions([.. _preprocessing.All]);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string file = parsed.GetRequiredValue(_file), folder = parsed.GetRequiredValue(_out);
        if (!Path.Exists(file)) throw new FileNotFoundException($"there is no model file {file}");
        var options = new BranchOptions(file, DataSpec.Parse(parsed.GetRequiredValue(_data)), folder)
        {
            Output = parsed.GetValue(_output),
            InputShape = parsed.GetValue(_inputShape) is { Length: > 0 } shape ? shape : null,
            Prepare = _preprocessing.Apply(parsed, new PrepareOptions()),
            Exits = parsed.GetValue(_exits) ?? 3,
            UseLabels = parsed.GetValue(_labels) is { } labels ? labels == "use" : null,
            HeadBudget = parsed.GetValue(_budget) ?? 2,
            Seed = parsed.GetValue(_seed) ?? 1,
            Count = parsed.GetValue(_count),
            Test = parsed.GetValue(_test) is { } test ? DataSpec.Parse(test) : null,
            TestCount = parsed.GetValue(_testCount),
            Work = parsed.GetValue(_work),
            OnnxFile = parsed.GetValue(_onnx),
            Force = parsed.GetValue(_force),
            Threads = parsed.GetValue(_threads) ?? Environment.ProcessorCount,
        };
        using var progress = new StageProgress();
        BranchReport report = new ExitTrainer(options, progress).Run(cancellation);
        progress.End();
        BranchSummary.Show(report, folder);
        if (parsed.GetValue(_json) is { } json)
            JsonFile.Write(json, BranchReportJson.Of(report), BranchJsonContract.Default.BranchReportJson);
        if (parsed.GetValue(_svg) is { } svg)
        {
            string title = $"{report.Manifest.Name}, {report.Judged.Samples} samples of {report.Judged.Source}";
            string drawn = ExitCurveChart.Draw(report.Curve, report.Curve.Sweep(ExitCurve.DefaultThresholds), title);
            OutputFile.WriteText(svg, writer => writer.Write(drawn));
        }
        return Task.FromResult(0);
    }
}
