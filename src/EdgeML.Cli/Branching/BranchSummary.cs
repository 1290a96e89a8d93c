using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Branching;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Branching;

/// <summary>A report for people.</summary>
static class BranchSummary
{
    internal static void Show(BranchReport report, string folder)
    {
        foreach (string note in report.Notes) Terminal.Line($"note: {note}");
        string judged = report.Labelled ? "right" : "agrees with the final exit";
        IReadOnlyList<long> macs = report.Curve.MacsTo();
        Terminal.Line(
            $"{report.Manifest.Name}: {report.Heads.Count} exits learned from {report.Samples - report.HeldOut} samples"
            + $"{(report.Labelled ? "" : " without labels")}, judged on {report.Judged.Samples} of {report.Judged.Source}");
        Terminal.Line();
        TextTable exits = new TextTable().Left("exit", "after unit", "pooled to", "layers")
            .Right("head MMAC", "MMAC up to it", "right", "agrees", "temperature", "epochs");
        for (int e = 0; e < macs.Count; e++)
        {
            ExitInfo exit = report.Manifest.Exits[e];
            TrainedHead? head = e < report.Heads.Count ? report.Heads[e] : null;
            exits.Row(
                $"{e + 1} {exit.Name}", $"{exit.AfterUnit} {report.Manifest.Units[exit.AfterUnit - 1].Name}", $"{head?.PooledTo}",
                $"{head?.Shape}", $"{head?.Macs / 1e6:0.000}", $"{macs[e] / 1e6:0.00}",
                report.Accuracies is { } accuracies ? $"{100 * accuracies[e]:0.00} %" : "", $"{100 * report.Agreements[e]:0.00} %",
                $"{head?.Temperature:0.00}", head is null ? "" : $"{head.KeptEpoch} of {head.Epochs}");
        }
        exits.ShowOrMarkdown();
        Terminal.Line();
        TextTable thresholds = new TextTable().Right("threshold", judged, "mean MMAC");
        foreach (ExitCurveRow row in report.Curve.Sweep(ExitCurve.DefaultThresholds.Where((_, i) => i % 2 == 0)))
            thresholds.Row($"{row.Threshold:0.0}", $"{100 * row.Accuracy:0.00} %", $"{row.MeanMacs / 1e6:0.00}");
        thresholds.ShowOrMarkdown();
        Terminal.Line();
        Terminal.Line(
            $"backbone {report.Features.Seconds:0.0} s ({report.Features.CpuSeconds:0.0} s of processor), "
            + $"training {report.Training.Seconds:0.0} s ({report.Training.CpuSeconds:0.0} s of processor): {folder}");
    }
}
