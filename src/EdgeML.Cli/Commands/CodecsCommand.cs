using System.CommandLine;
using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Measuring;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml codecs</c>: bytes against accuracy of every codec at every cut, as Markdown; makes the package's
/// bottlenecks.</summary>
sealed class CodecsCommand : CliCommand
{
    const int DefaultCount = 1000, DefaultFitCount = 1000, MostRatio = 256;

    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<int?> _count = SharedOptions.Samples(DefaultCount);
    readonly Option<string?> _cuts = new("--cuts")
    {
        HelpName = "all|candidates|pools|K,...",
        Description = "Every cut, those that controllers use, those after pooling, or these (all).",
    };
    readonly Option<string?> _only = SharedOptions.OneOf("--only", "Measure one codec (all).", [.. CodecCurve.Codecs]);
    readonly Option<string?> _fit = new("--bottlenecks")
    {
        HelpName = "SPEC",
        Description =
            "Also fit and measure bottlenecks that are so many times smaller than int8; fitted on these data, which must be others.",
    };
    readonly Option<string?> _ratios = new("--ratios")
    {
        HelpName = "R,...",
        Description = "How many times smaller than int8 bottlenecks are (4,8,16,32).",
    };
    readonly Option<int?> _fitCount = SharedOptions.Count("--fit-count", $"Samples that bottlenecks are fitted on ({DefaultFitCount}).");
    readonly Option<int?> _train = SharedOptions.Count(
        "--train",
        "Times that training sees every one of them after the fit; tells encoder and decoder to keep the network's answers (0).");
    readonly Option<bool> _add = new("--add")
    {
        Description = "Keep the fitted bottlenecks in the package, in place of those at the same cuts; controllers choose among them.",
    };
    readonly Option<double?> _maxLoss = SharedOptions.Positive(
        "--max-loss", "POINTS",
        "The most that a bottleneck which is kept may lose (1); of several at a cut those that no smaller one beats.");
    readonly Option<int?> _threads = SharedOptions.Count(
        "--threads", "Threads that compute one sample (1); as many samples at a time as cores allow.");
    readonly Option<string?> _svg = SharedOptions.OutputFile("--svg", "FILE", "Also draw points lost against bytes.");
    readonly TrustSelection _trust = new();
    readonly Option<string?> _json = SharedOptions.Json();

    public CodecsCommand()
        : base("codecs", "Show bytes and accuracy of every codec at every cut, and make smaller bottlenecks.",
            "edgeml codecs --model engines/shapes-vgg --data shapes:seed=3001,difficulty=mixed --count 1000",
            "edgeml codecs --model engines/shapes-vgg --data shapes:seed=3001 --cuts pools --bottlenecks shapes:seed=1001 --add")
    {
        AddOptions(_model, _data, _count, _cuts, _only, _fit, _ratios, _fitCount, _train, _add, _maxLoss, _threads, _svg, _json);
        _trust.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DataSpec spec = DataSpec.Parse(parsed.GetRequiredValue(_data));
        string? fit = parsed.GetValue(_fit);
        bool add = parsed.GetValue(_add);
        if (add && fit is null) throw new ArgumentException("--add goes with --bottlenecks SPEC");
        if (parsed.GetValue(_ratios) is not null && fit is null) throw new ArgumentException("--ratios goes with --bottlenecks SPEC");
        int threads = parsed.GetValue(_threads) ?? 1;
        // Every cut begins its own range; fusing them all would cost more than it gains.
        using BranchedModel model = BranchedModel.Load(
            parsed.GetRequiredValue(_model), new BackendOptions { Threads = threads, Fuse = false, TrustedKeys = _trust.Keys(parsed) });
        ModelManifest manifest = model.Manifest;
        ModelPackage package = model.Package;
        int? asked = parsed.GetValue(_count);
        using ImageSource source = spec.Open(manifest, asked);
        DataNotes.Show(source);
        int count = source.Samples(asked, DefaultCount);
        using ImageSource? fitSource = fit is null ? null : DataSpec.Parse(fit).Open(manifest);
        ProgressLine? training = null;
        var plan = new CodecPlan(Cuts(manifest, parsed.GetValue(_cuts)), Codecs(parsed.GetValue(_only), fit, package))
        {
            FitSource = fitSource,
            FitSamples = (int)Math.Min(parsed.GetValue(_fitCount) ?? DefaultFitCount, fitSource?.Count ?? int.MaxValue),
            Ratios = Ratios(parsed.GetValue(_ratios)),
            TrainEpochs = parsed.GetValue(_train) ?? 0,
            Trained = (done, all) =>
            {
                (training ??= new ProgressLine("samples of training", all)).Report(done);
                if (done < all) return;
                training.Clear();
                training = null;
            },
            Workers = Math.Max(1, Environment.ProcessorCount / threads),
            MaxLoss = (parsed.GetValue(_maxLoss) ?? 1) / 100,
        };
        using var progress = new ProgressLine("samples", count);
        CodecOutcome outcome = CodecCurve.Measure(model, source, count, plan, progress.Report, cancellation);
        progress.Clear();
        var report = new CodecReport(manifest, source.Spec, count, outcome);
        report.Show();
        cancellation.ThrowIfCancellationRequested();
        if (add)
        {
            var note = new SignatureNote(package);
            package.SaveBottlenecks([.. package.Bottlenecks.Items.Where(each => !plan.Cuts.Contains(each.Cut)), .. outcome.Worth]);
            CodecReport.Show(package.Bottlenecks);
            note.Show();
        }
        if (parsed.GetValue(_svg) is { } svg)
            OutputFile.WriteText(svg, writer => writer.Write(CodecChart.Draw(manifest, outcome.Rows, source.Spec)));
        if (parsed.GetValue(_json) is { } json) report.WriteJson(json);
        return Task.FromResult(0);
    }

    static string[] Codecs(string? only, string? fit, ModelPackage package)
    {
        bool bottlenecks = fit is not null || package.Bottlenecks.Items.Count > 0;
        if (only == "bottleneck" && !bottlenecks)
            throw new ArgumentException("--only bottleneck goes with --bottlenecks SPEC, or with a package that holds some");
        return only is null ? [.. CodecCurve.Codecs.Where(codec => codec != "bottleneck" || bottlenecks)] : [only];
    }

    static int[] Cuts(ModelManifest manifest, string? which)
    {
        Func<CutInfo, bool> wanted = which switch
        {
            null or "all" => _ => true,
            "candidates" => cut => cut.Candidate,
            "pools" => cut => IsPool(manifest, cut.K),
            _ => cut => Numbers(which, manifest).Contains(cut.K),
        };
        return [.. manifest.Cuts.Where(cut => cut.K < manifest.LocalCut && wanted(cut)).Select(cut => cut.K)];
    }

    static int[] Ratios(string? given) =>
    [
        .. (given ?? "4,8,16,32").Split(',').Select(each =>
            int.TryParse(each, NumberStyles.None, CultureInfo.InvariantCulture, out int ratio) && ratio is >= 1 and <= MostRatio
                ? ratio
                : throw new ArgumentException($"--ratios is '{given}', not whole numbers in 1..{MostRatio}")).Distinct().Order(),
    ];

    static int[] Numbers(string which, ModelManifest manifest) =>
    [
        .. which.Split(',').Select(each =>
            int.TryParse(each, NumberStyles.None, CultureInfo.InvariantCulture, out int cut) && cut < manifest.LocalCut
                ? cut
                : throw new ArgumentException(
                    $"--cuts is '{which}', not all, candidates, pools or cuts in 0..{manifest.LocalCut - 1} of {manifest.Name}")),
    ];

    /// <summary>After a unit that computes nothing and leaves fewer pixels.</summary>
    static bool IsPool(ModelManifest manifest, int cut) =>
        cut > 0 && manifest.Units[cut - 1] is { Macs: 0, OutShape: [_, _, _] };
}
