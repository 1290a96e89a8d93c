using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Measuring;

/// <summary>The measurements of <c>codecs</c>, as Markdown and as JSON.</summary>
sealed class CodecReport(ModelManifest manifest, string data, int count, CodecOutcome outcome)
{
    public void Show()
    {
        string whole = double.IsNaN(outcome.Accuracy) ? "" : Text($"; {100 * outcome.Accuracy:0.00} % right without a codec");
        Line($"{manifest.Name}, {count} samples of {data}; the final exit's answers{whole}");
        Line($"");
        TextTable table = new TextTable().Right("cut").Left("tensor").Right("fp32 bytes").Left("codec")
            .Right("bytes", "accuracy", "points lost", "answers that differ");
        foreach (CodecRow row in outcome.Rows)
        {
            string shape = string.Join('x', row.Cut == 0 ? manifest.Input.Shape : manifest.Units[row.Cut - 1].OutShape);
            long plain = PayloadSize.Sent(manifest, row.Cut, TensorEncoding.Float32);
            string accuracy = double.IsNaN(row.Accuracy) ? "-" : Text($"{100 * row.Accuracy:0.00} %");
            string lost = double.IsNaN(row.Lost) ? "-" : Text($"{100 * row.Lost:0.00}");
            table.Row($"{row.Cut}", shape, $"{plain}", row.Codec, $"{row.Bytes}", accuracy, lost, Text($"{100 * row.Differs:0.00} %"));
        }
        table.ShowOrMarkdown();
        foreach (IGrouping<string, CodecRow> codec in outcome.Rows.GroupBy(row => row.Codec))
        {
            CodecRow worst = codec.MaxBy(row => double.IsNaN(row.Lost) ? row.Differs : row.Lost)!;
            string most = double.IsNaN(worst.Lost)
                ? Text($"{100 * worst.Differs:0.00} % of the answers differ")
                : Text($"{100 * worst.Lost:0.00} points lost");
            Line($"{codec.Key}: at most {most}, at cut {worst.Cut}");
        }
    }

    /// <summary>Which bottlenecks the package holds now.</summary>
    public static void Show(BottleneckSet kept)
    {
        Line($"");
        Line($"the package holds {kept.Items.Count} bottlenecks:");
        for (int i = 0; i < kept.Items.Count; i++)
        {
            CutBottleneck each = kept.Items[i];
            Line(
                $"  {i + 1}: cut {each.Cut}, {each.PayloadBytes} bytes, {100 * each.Lost:0.00} points lost on {each.Samples} of {each.Source}");
        }
    }

    public void WriteJson(string path) => JsonFile.Write(
        path,
        new CodecJson(
            manifest.Hash, data, count, outcome.Accuracy,
            [.. outcome.Rows.Select(row => new CodecRowJson(row.Cut, row.Codec, row.Bytes, row.Accuracy, row.Lost, row.Differs))]),
        CodecJsonContract.Default.CodecJson);

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static void Line(FormattableString text) => Terminal.Line(Text(text));
}
