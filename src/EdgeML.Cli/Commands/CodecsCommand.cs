using System.CommandLine;
using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Data;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml codecs</c>: bytes against accuracy of every codec at every cut; as Markdown.</summary>
sealed class CodecsCommand : CliCommand
{
    const int DefaultCount = 1000;

    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<int?> _count = SharedOptions.Count("--count",
        $"Samples; all of a file, {DefaultCount} of an endless source unless given.");
    readonly Option<string?> _cuts = SharedOptions.OneOf(
        "--cuts", "Every cut, those that controllers use, or those behind pooling (all).", "all", "candidates", "pools");
    readonly Option<string?> _only = SharedOptions.OneOf("--only", "Measure one codec (all).", [.. CodecCurve.Codecs]);
    readonly Option<string?> _fit = new("--bottlenecks")
    {
        HelpName = "SPEC",
        Description = "Also fit and measure bottlenecks of 1/4, 1/8 and 1/16 of int8's bytes; fitted on these data, which must be others.",
    };
    readonly Option<int?> _fitCount = SharedOptions.Count("--fit-count", "Samples that bottlenecks are fitted on (300).");
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads that compute one sample (1).");
    readonly Option<string?> _json = SharedOptions.Json();

    public CodecsCommand()
        : base("codecs", "Show what every codec costs in bytes and accuracy at every cut.",
            "edgeml codecs --model engines/shapes-vgg --data shapes:seed=3001,difficulty=mixed --count 1000",
            "edgeml codecs --model engines/shapes-vgg --data shapes:seed=3001 --cuts pools --bottlenecks shapes:seed=1001")
        => AddOptions(_model, _data, _count, _cuts, _only, _fit, _fitCount, _threads, _json);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        DataSpec spec = DataSpec.Parse(parsed.GetRequiredValue(_data));
        // Every cut begins a range of its own; fusing them all would cost more than it gains.
        using BranchedModel model = BranchedModel.Load(
            parsed.GetRequiredValue(_model), new BackendOptions { Threads = parsed.GetValue(_threads) ?? 1, Fuse = false });
        ModelManifest manifest = model.Manifest;
        int? asked = parsed.GetValue(_count);
        using ImageSource source = spec.Open(manifest.Input.Shape, asked);
        int count = asked ?? (int)Math.Min(source.Count ?? DefaultCount, int.MaxValue);
        Func<CutInfo, bool> wanted = parsed.GetValue(_cuts) switch
        {
            "candidates" => cut => cut.Candidate,
            "pools" => cut => IsPool(manifest, cut.K),
            _ => _ => true,
        };
        int[] cuts = [.. manifest.Cuts.Where(cut => cut.K < manifest.LocalCut && wanted(cut)).Select(cut => cut.K)];
        string? fit = parsed.GetValue(_fit);
        string[] codecs = parsed.GetValue(_only) is { } only ? [only] : [.. CodecCurve.Codecs.Where(codec => codec != "bottleneck" || fit is not null)];
        if (codecs.Contains("bottleneck") && fit is null) throw new ArgumentException("--only bottleneck goes with --bottlenecks SPEC");
        using ImageSource? fitSource = fit is null ? null : DataSpec.Parse(fit).Open(manifest.Input.Shape);
        var plan = new CodecPlan(cuts, codecs) { FitSource = fitSource, FitSamples = parsed.GetValue(_fitCount) ?? 300 };
        using var progress = new ProgressLine("samples", count);
        IReadOnlyList<CodecRow> rows = CodecCurve.Measure(model, source, count, plan, progress.Report, cancellation);
        progress.Clear();
        Show(manifest, source.Spec, count, rows);
        if (parsed.GetValue(_json) is { } json) WriteJson(json, manifest, source.Spec, count, rows);
        return Task.FromResult(0);
    }

    /// <summary>Behind a unit that computes nothing and leaves fewer pixels.</summary>
    static bool IsPool(ModelManifest manifest, int cut) =>
        cut > 0 && manifest.Units[cut - 1] is { Macs: 0, OutShape: [_, _, _] };

    static void Show(ModelManifest manifest, string data, int count, IReadOnlyList<CodecRow> rows)
    {
        Line($"{manifest.Name}, {count} samples of {data}; the final exit's answers");
        Line($"");
        Line($"| cut | tensor | fp32 bytes | codec | bytes | accuracy | points lost | answers that differ |");
        Line($"|---:|---|---:|---|---:|---:|---:|---:|");
        foreach (CodecRow row in rows)
        {
            string shape = string.Join('x', row.Cut == 0 ? manifest.Input.Shape : manifest.Units[row.Cut - 1].OutShape);
            long plain = 4L * manifest.BoundaryElements(row.Cut);
            string accuracy = double.IsNaN(row.Accuracy) ? "-" : Text($"{100 * row.Accuracy:0.00} %");
            string lost = double.IsNaN(row.Lost) ? "-" : Text($"{100 * row.Lost:0.00}");
            Line($"| {row.Cut} | {shape} | {plain} | {row.Codec} | {row.Bytes} | {accuracy} | {lost} | {100 * row.Differs:0.00} % |");
        }
        foreach (IGrouping<string, CodecRow> codec in rows.GroupBy(row => row.Codec))
        {
            CodecRow worst = codec.MaxBy(row => double.IsNaN(row.Lost) ? row.Differs : row.Lost)!;
            string most = double.IsNaN(worst.Lost) ? Text($"{100 * worst.Differs:0.00} % of the answers differ") : Text($"{100 * worst.Lost:0.00} points lost");
            Line($"{codec.Key}: at most {most}, at cut {worst.Cut}");
        }
    }

    static void WriteJson(string path, ModelManifest manifest, string data, int count, IReadOnlyList<CodecRow> rows) =>
        JsonFile.Write(path, json =>
        {
            json.WriteString("model", manifest.Hash);
            json.WriteString("data", data);
            json.WriteNumber("samples", count);
            json.WriteStartArray("rows");
            foreach (CodecRow row in rows)
            {
                json.WriteStartObject();
                json.WriteNumber("cut", row.Cut);
                json.WriteString("codec", row.Codec);
                json.WriteNumber("bytes", row.Bytes);
                json.WriteFinite("accuracy", row.Accuracy);
                json.WriteFinite("lost", row.Lost);
                json.WriteFinite("differs", row.Differs);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static void Line(FormattableString text) => Console.WriteLine(Text(text));
}
