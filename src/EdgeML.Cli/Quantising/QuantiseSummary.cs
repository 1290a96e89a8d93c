using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Training.Quantisation;

namespace EdgeML.Cli.Quantising;

/// <summary>A report for people.</summary>
static class QuantiseSummary
{
    internal static void Show(QuantiseReport report, string folder)
    {
        foreach (string note in report.Notes) Terminal.Line($"note: {note}");
        Line($"{report.Manifest.Name}: {report.Layers} layers in int8, {100 * report.IntegerShare:0.0} % of the layers' multiply-accumulates; {report.Ranging} calibration samples, {report.Judging} test samples of {report.Judges}{(report.Labelled ? "" : " by agreement with float32")}");
        foreach (IGrouping<string, FloatLayer> group in report.FloatLayers.GroupBy(layer => layer.Why))
            Line($"float32 stays: {string.Join(", ", group.Select(layer => layer.Name))} ({group.Key})");
        Line($"");
        TextTable exits = new TextTable().Left("exit").Right("float32", "int8", "points lost", "same answer");
        foreach (QuantisedExit exit in report.Exits)
            exits.Row(exit.Name, Percent(exit.FloatAccuracy), Percent(exit.Accuracy), Text($"{100 * exit.Lost:0.00}"), Percent(exit.Agreement));
        exits.ShowOrMarkdown();
        Line($"");
        Line($"whole network {report.Times.FirstMs:0.000} ms in float32, {report.Times.SecondMs:0.000} ms in int8: {report.Times.Ratio:0.00} times as fast (one thread, alternately, {IntegerInstructions.Name})");
        Line($"size          {report.FloatBytes / 1e6:0.00} MB in float32, {report.Bytes / 1e6:0.00} MB in int8");
        Line($"{folder}: exits are calibrated on the test samples");
    }

    static string Percent(double share) => double.IsNaN(share) ? "-" : Text($"{100 * share:0.00} %");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static void Line(FormattableString text) => Terminal.Line(Text(text));
}
