using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Quantising;
using EdgeML.Training.Data;
using EdgeML.Training.Quantisation;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml quantize</c>: a package of float32 layers and samples in, a package of int8 layers out.</summary>
sealed class QuantizeCommand : CliCommand
{
    readonly Argument<string> _package = new("DIR") { Description = "Package with float32 layers, a folder made by edgeml prepare or branch." };
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<string> _out = SharedOptions.Required("--out", "DIR", "Folder of the int8 package; a package that lies there is replaced.");

    readonly Option<int?> _samples = SharedOptions.Count(
        "--samples", $"Calibration samples, from which the ranges are taken; {SampleChoice.DefaultRanging} unless given, at most half of --data without --test.");

    readonly Option<string?> _method = SharedOptions.OneOf(
        "--method", "How ranges follow from the values seen: mse, the least squared error (the default); minmax, all values; percentile, all but 0.005 % on either side.",
        "mse", "minmax", "percentile");

    readonly Option<string[]> _skip = new("--skip")
    {
        HelpName = "NODE,...",
        Description = "Layers that stay float32, by the names of nodes or units. May be repeated; '\\,' is a comma in a name.",
    };

    readonly Option<int?> _mostFloat = SharedOptions.Whole(
        "--max-float", "Most layers, besides those of --skip, that may stay float32 to keep --max-loss; a quarter unless given.", 0, 100_000);

    readonly Option<double?> _maxLoss = SharedOptions.Positive(
        "--max-loss", "POINTS", "Points of accuracy that every exit may lose (1); if one loses more, nothing is written.");

    readonly Option<string?> _test = new("--test")
    {
        HelpName = "SPEC",
        Description = "Test samples, on which the loss is measured; the rest of --data unless given.",
    };

    readonly Option<int?> _testCount = SharedOptions.Count(
        "--test-count", $"How many test samples; {SampleChoice.DefaultJudging}, or what there is, unless given.");

    readonly Option<string?> _labels = SharedOptions.OneOf(
        "--labels", "Judge by labels, or by agreement with float32 (use where there are labels).", "use", "none");

    readonly Option<string?> _onnx = SharedOptions.OutputFile("--onnx", "FILE", "Also write the quantised network as one ONNX file.");
    readonly Option<bool> _force = new("--force")
    {
        Description = "Replace a package even if its promise, bottlenecks or profile do not fit the new one and are lost.",
    };

    readonly TrustSelection _trust = new();
    readonly Option<string?> _json = SharedOptions.Json();

    public QuantizeCommand()
        : base(
            "quantize", "Make an int8 package of a float32 one, and show accuracy and time of both.",
            "edgeml quantize engines/shapes-vgg --data shapes:seed=1,difficulty=mixed --out engines/shapes-vgg-int8",
            "edgeml quantize model --data images:pictures --test images:others --max-loss 0.5 --out model-int8",
            "edgeml quantize model --data tensor:samples.f32 --labels none --method percentile --skip conv1,fc3 --out model-int8 --json report.json")
    {
        Arguments.Add(_package);
        AddOptions(_data, _out, _samples, _method, _skip, _mostFloat, _maxLoss, _test, _testCount, _labels, _onnx, _force, _json);
        _trust.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string folder = parsed.GetRequiredValue(_out);
        var options = new QuantiseOptions(parsed.GetRequiredValue(_package), DataSpec.Parse(parsed.GetRequiredValue(_data)), folder)
        {
            Samples = parsed.GetValue(_samples),
            Method = parsed.GetValue(_method) switch
            {
                "percentile" => RangeMethod.Percentile,
                "minmax" => RangeMethod.MinMax,
                _ => RangeMethod.Mse,
            },
            Skip = [.. (parsed.GetValue(_skip) ?? []).SelectMany(CommandLine.Parse.Names)],
            MostFloat = parsed.GetValue(_mostFloat),
            MaxLoss = parsed.GetValue(_maxLoss) ?? 1,
            Test = parsed.GetValue(_test) is { } test ? DataSpec.Parse(test) : null,
            TestSamples = parsed.GetValue(_testCount),
            UseLabels = parsed.GetValue(_labels) is { } labels ? labels == "use" : null,
            OnnxFile = parsed.GetValue(_onnx),
            Force = parsed.GetValue(_force),
            TrustedKeys = _trust.Keys(parsed),
        };
        QuantiseReport report;
        using (var progress = new StageProgress())
        using (var quantiser = new NetworkQuantiser(options, progress))
            report = quantiser.Run(cancellation);
        QuantiseSummary.Show(report, folder);
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, QuantiseJson.Of(report), QuantiseJsonContract.Default.QuantiseJson);
        return Task.FromResult(0);
    }
}
