using System.Globalization;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Simulation.Validation;

/// <summary>The table and the page of a validation.</summary>
static class ValidationPage
{
    /// <summary>How a page came about.</summary>
    /// <param name="Command">As it was typed.</param>
    /// <param name="Machine">Processor, cores, system, runtime.</param>
    /// <param name="Link">The shaper of the link.</param>
    public sealed record Origin(string Command, string Machine, string Link);

    /// <summary>One line that says how many rows hold.</summary>
    public static string Verdict(ValidationReport report)
    {
        ValidationRow worst = report.Rows.MaxBy(row => Math.Abs(row.Ratio - 1))!;
        string word = report.Held == report.Rows.Count ? "holds" : "FAILS";
        return Line($"{word}: simulated median latency within {ValidationRow.Tolerance:0 %} of the live one for ") +
            Line($"{report.Held} of {report.Rows.Count} policies, worst ratio {worst.Ratio:0.000}");
    }

    /// <summary>A row per policy, columns aligned, in Markdown.</summary>
    public static void WriteTable(TextWriter writer, ValidationReport report, int localCut)
    {
        int width = report.Rows.Max(row => row.Policy.Name(localCut).Length);
        writer.Write($"| {"policy".PadRight(width)} | to tail | live p50 | live p90 | sim p50 | sim p90 | ratio |         |\n");
        writer.Write($"|{new string('-', width + 2)}|--------:|---------:|---------:|--------:|--------:|------:|---------|\n");
        foreach (ValidationRow row in report.Rows)
        {
            double share = row.Offloaded / (double)row.Live.Count;
            writer.Write(Line($"| {row.Policy.Name(localCut).PadRight(width)} | {share,5:0 %} "));
            writer.Write(Line($"| {row.LiveMs,8:0.0} | {ValidationRow.Quantile(row.Live, 0.9),8:0.0} "));
            writer.Write(Line($"| {row.SimulatedMs,7:0.0} | {ValidationRow.Quantile(row.Simulated, 0.9),7:0.0} | {row.Ratio,5:0.000} "));
            writer.Write($"| {(row.Holds ? "holds  " : "DIFFERS")} |\n");
        }
    }

    /// <summary>The whole page.</summary>
    public static void Write(TextWriter writer, ValidationReport report, ModelManifest manifest, Origin origin)
    {
        ValidationSettings settings = report.Settings;
        writer.Write("# Simulator against live system\n\n");
        writer.Write($"**{Verdict(report)}.**\n\n");
        writer.Write($"`{origin.Command}`\n\n");
        writer.Write(Line($"- Machine: {origin.Machine}\n"));
        writer.Write($"- Model {manifest.Name}, {settings.Tasks} tasks per policy in {settings.Rounds} turns, the same inputs for all.\n");
        writer.Write(Line($"- Link: {origin.Link}; {settings.RttMs:0.#} ms round trip by a relay in user space. "));
        writer.Write(Line($"A client measured {report.Link.RateBitsPerSecond / 1e6:0.00} Mbps and {report.Link.RttMs:0.0} ms "));
        writer.Write("before the first task; the simulator did not get these numbers.\n");
        string edge = settings.EdgeSlowdown > 1
            ? Line($"emulated, {settings.EdgeSlowdown:0.##} times slower than this machine")
            : "this machine as it is";
        writer.Write(Line($"- Edge: {edge}, whole network {report.EdgeMs:0.0} ms by its profile. "));
        writer.Write(Line($"Tail: a separate process, {report.TailMs:0.00} ms.\n"));
        writer.Write(Line($"- The whole network took this machine {report.MachineMs.Before:0.00} ms before the first task and "));
        writer.Write(Line($"{report.MachineMs.After:0.00} ms after the last one.\n\n"));
        writer.Write("Latencies in milliseconds; ratio is simulated over live median.\n\n");
        WriteTable(writer, report, manifest.LocalCut);
        WriteParts(writer, report, manifest.LocalCut);
    }

    /// <summary>Where the time goes, for tasks the tail answered.</summary>
    static void WriteParts(TextWriter writer, ValidationReport report, int localCut)
    {
        writer.Write("\nMedian parts of the tasks that the tail answered, live / simulated:\n\n");
        writer.Write("| policy | edge | wire | tail | rest |\n|---|---|---|---|---|\n");
        foreach (ValidationRow row in report.Rows.Where(row => row.Offloaded > 0))
        {
            writer.Write($"| {row.Policy.Name(localCut)} ");
            foreach (Func<ValidationTask, double> part in (Func<ValidationTask, double>[])[t => t.EdgeMs, t => t.WireMs, t => t.TailMs, Rest])
                writer.Write(Line($"| {ValidationRow.PartMs(row.Live, part):0.00} / {ValidationRow.PartMs(row.Simulated, part):0.00} "));
            writer.Write("|\n");
        }

        static double Rest(ValidationTask task) => task.LatencyMs - task.EdgeMs - task.WireMs - task.TailMs;
    }

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
