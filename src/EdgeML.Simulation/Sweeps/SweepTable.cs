using System.Globalization;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Writes every row of every cell as CSV.</summary>
static class SweepTable
{
    /// <summary>Writes the table: shares as shares, an empty field where there is nothing to say.</summary>
    public static void Write(TextWriter writer, IReadOnlyList<SweepCellResult> results)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(results);
        writer.Write("part,link,rttMs,rawInput,device,boundMs,boundGhz,inputs,tasks,saturated,row,seeds,goodput,goodputCi95,");
        writer.Write("goodputFirst100,goodputAfter100,satisfactionTask,accuracy,meanLatencyMs,p99LatencyMs,ghz,reward,meanExit,meanCut,");
        writer.Write("adaptationTasks\n");
        foreach (SweepCellResult result in results)
        {
            SweepCell cell = result.Cell;
            string inputs = cell.Inputs.Replace(", then ", "-", StringComparison.Ordinal);
            string saturated = result.CanBeJudged ? result.Saturated ? "1" : "0" : "";
            foreach (SweepRow row in result.Rows)
            {
                writer.Write(string.Create(CultureInfo.InvariantCulture,
                    $"{Camel(cell.Part)},{cell.Link},{cell.RttMs},{(cell.RawInput ? "on" : "off")},{cell.Setting.Device},"));
                writer.Write(string.Create(CultureInfo.InvariantCulture,
                    $"{cell.Setting.LatencyMs},{cell.Setting.Ghz},{inputs},{cell.Scenario.Tasks},{saturated},{row.Controller},{row.Samples.Count},"));
                (double goodput, double half) = row.Of(metrics => metrics.Goodput);
                double[] numbers =
                [
                    goodput, half, row.First, row.After, Of(row, m => m.SatisfactionTask), Of(row, m => m.Accuracy),
                    Of(row, m => m.MeanLatencyMs), Of(row, m => m.P99LatencyMs), Of(row, m => m.Energy), Of(row, m => m.Reward),
                    Of(row, m => m.MeanExit), Of(row, m => m.MeanCut), row.Adaptation,
                ];
                writer.Write(string.Join(',', numbers.Select(number => MarkdownPage.Number(number, "0.####"))) + "\n");
            }
        }
    }

    static double Of(SweepRow row, Func<ReplayMetrics, double> number) => row.Of(number).Mean;

    static string Camel(SweepPart part) => part.ToString().ToLowerInvariant();
}
