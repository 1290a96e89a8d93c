using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.TailLoad;
using EdgeML.Benchmarks.Targets;
using EdgeML.Cli.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Quantisation;

namespace EdgeML.Benchmarks.Int8;

/// <summary>Int8 networks beside float32 and beside plain ONNX Runtime: the page docs/results/int8.md.</summary>
static class Int8Run
{
    const double LeastOfPlain = 0.95, LeastSpeedup = 3.5, LeastSpeedupWithoutVnni = 1.2, MostLost = 0.5, MostDifference = 1e-4;
    const int Pairs = 300, Inputs = 100;

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    public static int Run(Options options)
    {
        Console.Write(MachineResults.Versions());
        string load = File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
        using var models = new BenchmarkModels(options);
        var page = new TailPage();
        using (Int8Network? large = Int8Network.Large(models))
        {
            if (large is null) page.Target(TargetRow.Skipped("VGG16 on CIFAR-10", Int8Network.NoLarge));
            else Measure(large, page, hasTargets: true);
        }
        using (Int8Network shipped = Int8Network.Shipped(models)) Measure(shipped, page, hasTargets: false);
        string text = $"""
            # Int8 networks

            Written by `dotnet run -c Release --project benchmarks/EdgeML.Benchmarks -- --int8 --write`. Machine: {ProcessorSearch.Model},
            integers by {IntegerInstructions.Name}, {RuntimeInformation.OSDescription}, .NET {Environment.Version}; load average when it began: {load}.

            Packages are made by `edgeml quantize` from 512 samples and judged on 5,000 others. Times are medians on one thread, two networks in
            turns. Plain ONNX Runtime is one session over the quantised ONNX file with all of its optimisations. "Divided" runs the units before
            and after a cut with the payload between them, as an edge and a tail do, without the time of the wire.

            {page}
            """;
        Console.Write($"\n{text}");
        if (options.Write) Console.WriteLine($"\nwritten to {MachineResults.WriteDocument("results/int8.md", text)}");
        if (page.Missed > 0) Console.WriteLine($"\n{page.Missed} missed");
        return page.Missed == 0 ? 0 : 1;
    }

    static void Measure(Int8Network network, TailPage page, bool hasTargets)
    {
        QuantiseReport report = network.Report;
        string name = report.Float.Name;
        page.Heading(name);
        page.Paragraph(
            $"{report.Layers} layers in int8, {TailPage.Number(100 * report.IntegerShare, 1)} % of the multiply-accumulates; "
            + $"{TailPage.Number(report.FloatBytes / 1e6)} MB in float32, {TailPage.Number(report.Bytes / 1e6)} MB in int8. "
            + (report.FloatLayers.Count == 0 ? "" : $"Float32 stay: {string.Join(", ", report.FloatLayers.Select(layer => $"{layer.Name} ({layer.Why})"))}. ")
            + $"Judged on {report.Judging} samples.");
        page.Table(
            ["exit", "float32", "int8", "points lost", "same answer"],
            report.Exits.Select(exit => (IReadOnlyList<string>)
            [
                exit.Name, Percent(exit.FloatAccuracy), Percent(exit.Accuracy), TailPage.Number(100 * exit.Lost), Percent(exit.Agreement),
            ]));
        double lost = 100 * report.Exits[^1].Lost, worst = 100 * report.Exits.Max(exit => exit.Lost);
        Row(lost, MostLost, atMost: true, $"points lost at the final exit, {report.Judging} samples", $"{TailPage.Number(lost)} (worst exit {TailPage.Number(worst)})");
        using var subject = new Int8Subject(network.Package, network.File);
        float[][] inputs = network.Inputs(subject.Manifest, Inputs);
        Against32(network, subject, inputs[0]);
        Speed(subject, inputs[0]);
        Answers(subject, inputs);

        void Against32(Int8Network each, Int8Subject int8, float[] input)
        {
            using var before = BranchedModel.Load(each.Float);
            PairedTimes times = PairedTimes.Measure(before, int8.Model, input, CancellationToken.None);
            bool vnni = IntegerInstructions.HasVnni;
            Row(
                times.Ratio, vnni ? LeastSpeedup : LeastSpeedupWithoutVnni, atMost: false, $"float32 / int8, whole network, {IntegerInstructions.Name}",
                $"{TailPage.Number(times.Ratio)} ({TailPage.Number(times.FirstMs, 3)} / {TailPage.Number(times.SecondMs, 3)} ms)");
        }

        void Speed(Int8Subject int8, float[] input)
        {
            int8.Load(input);
            Beside("whole network, final exit", int8.RunPlainFinal, int8.RunWhole);
            Beside($"every exit tried, none taken ({int8.ExitStages} session)", int8.RunPlain, int8.RunExits);
            var rows = new List<IReadOnlyList<string>>();
            Interleaved slowest = default;
            int at = -1;
            for (int cut = 1; cut < int8.Manifest.LocalCut; cut++)
            {
                if (!int8.Manifest.Cuts[cut].Candidate) continue;
                int k = cut;
                var pairs = Interleaved.Measure(int8.RunPlainFinal, () => int8.RunOffloaded(k), Pairs);
                CutInfo info = int8.Manifest.Cuts[cut];
                rows.Add([$"{cut}", string.Join('x', int8.Manifest.Units[cut - 1].OutShape), info.Type, $"{info.Bytes:N0}", Ms(pairs.FirstMicros), Ms(pairs.SecondMicros), TailPage.Number(pairs.Ratio)]);
                if (at >= 0 && pairs.Ratio >= slowest.Ratio) continue;
                (slowest, at) = (pairs, cut);
            }
            page.Paragraph("Divided, at the cuts that controllers use:");
            page.Table(["cut", "tensor", "type", "bytes", "plain ms", "divided ms", "plain / divided"], rows);
            Row(slowest.Ratio, LeastOfPlain, atMost: false, $"plain ONNX Runtime / divided, slowest of {rows.Count} cuts", $"{TailPage.Number(slowest.Ratio, 3)} at cut {at} ({Ms(slowest.FirstMicros)} / {Ms(slowest.SecondMicros)} ms)");
        }

        void Beside(string what, Action plain, Action own)
        {
            var pairs = Interleaved.Measure(plain, own, Pairs);
            Row(pairs.Ratio, LeastOfPlain, atMost: false, $"plain ONNX Runtime / EdgeML, {what}", $"{TailPage.Number(pairs.Ratio, 3)} ({Ms(pairs.FirstMicros)} / {Ms(pairs.SecondMicros)} ms, {pairs.Pairs} pairs)");
        }

        void Answers(Int8Subject int8, float[][] all)
        {
            double largest = 0;
            int classes = 0, cuts = 0;
            foreach (float[] input in all)
            {
                int8.Load(input);
                int8.RunPlain();
                int8.RunExits();
                Compare(int8.Logits(int8.Manifest.Exits.Count));
                for (int cut = 1; cut < int8.Manifest.LocalCut; cut++)
                {
                    int8.Load(input);
                    int8.RunOffloaded(cut);
                    Compare(int8.Logits(int8.Manifest.Exits.Count));
                }
            }
            Row(
                classes == 0 ? largest : double.NaN, MostDifference, atMost: true, $"scores of every cut against plain ONNX Runtime, {all.Length} inputs",
                string.Create(CultureInfo.InvariantCulture, $"{largest:0.0e+0}, {classes} of {cuts} answers have another class"));

            void Compare(ReadOnlySpan<float> scores)
            {
                cuts++;
                for (int c = 0; c < scores.Length; c++) largest = Math.Max(largest, Math.Abs(scores[c] - int8.PlainLogits[c]));
                if (TensorPrimitives.IndexOfMax(scores) != TensorPrimitives.IndexOfMax(int8.PlainLogits)) classes++;
            }
        }

        void Row(double value, double target, bool atMost, string what, string measured)
        {
            string sign = atMost ? "<=" : ">=", wanted = string.Create(CultureInfo.InvariantCulture, $"{sign} {target:0.####}");
            what = $"{name}: {what}";
            page.Target(!hasTargets && !atMost ? TargetRow.Info(what, measured)
                : atMost ? TargetRow.AtMost(what, value, target, measured, wanted) : TargetRow.AtLeast(what, value, target, measured, wanted));
        }
    }

    static string Percent(double share) => double.IsNaN(share) ? "-" : $"{TailPage.Number(100 * share)} %";

    static string Ms(double micros) => TailPage.Number(micros / 1000, 3);
}
