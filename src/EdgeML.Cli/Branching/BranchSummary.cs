using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Branching;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Branching;

/// <summary>A report for people.</summary>
static class BranchSummary
{
    internal static void Show(BranchReport report, string folder)
    {
        foreach (string note in report.Notes) Console.WriteLine($"note: {note}");
        string judged = report.Labelled ? "right" : "agrees with the final exit";
        IReadOnlyList<long> macs = report.Curve.MacsTo();
        Console.WriteLine(
            $"{report.Manifest.Name}: {report.Heads.Count} exits learned from {report.Samples - report.HeldOut} samples"
            + $"{(report.Labelled ? "" : " without labels")}, judged on {report.Judged.Samples} of {report.Judged.Source}");
        Console.WriteLine();
        Console.WriteLine($"| exit | after unit | pooled to | layers | head MMAC | MMAC up to it | right | agrees | temperature | epochs |");
        Console.WriteLine("|---|---|---|---|---:|---:|---:|---:|---:|---:|");
        for (int e = 0; e < macs.Count; e++)
        {
            ExitInfo exit = report.Manifest.Exits[e];
            string unit = report.Manifest.Units[exit.AfterUnit - 1].Name;
            string start = $"| {e + 1} {exit.Name} | {exit.AfterUnit} {unit} |";
            string right = report.Accuracies is { } accuracies ? $"{100 * accuracies[e]:0.00} %" : "";
            string end = $"{macs[e] / 1e6:0.00} | {right} | {100 * report.Agreements[e]:0.00} % |";
            if (e == report.Heads.Count)
            {
                Console.WriteLine($"{start} | | | {end} | |");
                continue;
            }
            TrainedHead head = report.Heads[e];
            Console.WriteLine(
                $"{start} {head.PooledTo} | {head.Shape} | {head.Macs / 1e6:0.000} | {end} {head.Temperature:0.00} "
                + $"| {head.KeptEpoch} of {head.Epochs} |");
        }
        Console.WriteLine();
        Console.WriteLine($"| threshold | {judged} | mean MMAC |");
        Console.WriteLine("|---:|---:|---:|");
        foreach (ExitCurveRow row in report.Curve.Sweep(ExitCurve.DefaultThresholds.Where((_, i) => i % 2 == 0)))
            Console.WriteLine($"| {row.Threshold:0.0} | {100 * row.Accuracy:0.00} % | {row.MeanMacs / 1e6:0.00} |");
        Console.WriteLine();
        Console.WriteLine(
            $"backbone {report.Features.Seconds:0.0} s ({report.Features.CpuSeconds:0.0} s of processor), "
            + $"training {report.Training.Seconds:0.0} s ({report.Training.CpuSeconds:0.0} s of processor): {folder}");
    }
}
