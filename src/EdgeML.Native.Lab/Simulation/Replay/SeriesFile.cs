using System.Globalization;
using EdgeML.Native.Control;

namespace EdgeML.Native.Lab.Simulation.Replay;

/// <summary>Writes a run task by task as CSV, with the decision each task ran under.</summary>
static class SeriesFile
{
    public static void Write(TextWriter writer, IReadOnlyList<ReplayResult> results)
    {
        int thresholds = results[0].Scenario.Profile.Manifest.SideExits;
        writer.Write("seed,task,seconds,mbps,rttMs,cut,interval,");
        for (int i = 1; i <= thresholds; i++) writer.Write($"threshold{i},");
        writer.Write("exit,correct,satisfied,lost,offloaded,fallback,latencyMs,edgeMs,wireMs,tailMs,energy,bytes,measuredMbps,");
        writer.Write("decided,reason,expectedMs,expectedEnergy,expectedSatisfaction,cannotBeMet\n");
        foreach (ReplayResult result in results) Write(writer, result);
    }

    static void Write(TextWriter writer, ReplayResult result)
    {
        VirtualRun run = result.Run;
        int decision = -1;
        for (int task = 0; task < run.Records.Count; task++)
        {
            bool decided = decision + 1 < run.Decisions.Count && run.Decisions[decision + 1].FirstTask == task;
            if (decided) decision++;
            TaskRecord record = run.Records[task];
            // A lost task ran under no policy; the one in force stands in its row.
            DecisionExplanation explanation = run.Decisions[Math.Max(decision, 0)].Explanation;
            Inference.ExitPolicy policy = explanation.Policy;
            VirtualLink link = result.Scenario.Link.At(record.TimeSeconds, task);
            writer.Write(Line($"{result.Seed},{task},{record.TimeSeconds:0.######},{link.RateBitsPerSecond / 1e6},{link.RttMs},"));
            writer.Write(Line($"{policy.Cut},{policy.Interval},"));
            foreach (float threshold in policy.Thresholds) writer.Write(Line($"{threshold:0.####},"));
            writer.Write(Line($"{record.Exit},{Bit(run.Correct[task])},{Bit(run.Satisfied[task])},{Bit(record.Exit == 0)},"));
            writer.Write(Line($"{Bit(record.Offloaded)},{Bit(record.Fallback)},{record.LatencyMs:0.####},{record.EdgeMs:0.####},"));
            writer.Write(Line($"{record.WireMs:0.####},{record.TailMs:0.####},{record.EnergyJ:0.######},{record.BytesSent},"));
            writer.Write(Line($"{record.RateBitsPerSecond / 1e6:0.####},{Bit(decided)},{explanation.Reason},"));
            PolicyEstimate expected = explanation.Expected;
            writer.Write(Line($"{expected.LatencyMs:0.##},{expected.EnergyJ:0.####},{expected.Satisfaction:0.####},"));
            writer.Write(Line($"{Bit(explanation.CannotBeMet)}\n"));
        }
    }

    static int Bit(bool value) => value ? 1 : 0;

    static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture).Replace("NaN", "", StringComparison.Ordinal);
}
