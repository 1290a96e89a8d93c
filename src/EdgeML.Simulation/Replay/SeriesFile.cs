using System.Globalization;
using System.Text.Json;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Decisions;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Writes a run task by task as CSV, with the decision each task ran under.</summary>
static class SeriesFile
{
    public static void Write(TextWriter writer, IReadOnlyList<ReplayResult> results)
    {
        int thresholds = results[0].Scenario.Profile.Manifest.SideExits;
        writer.Write("seed,task,seconds,mbps,rttMs,cut,interval,");
        for (int i = 1; i <= thresholds; i++) writer.Write($"threshold{i},");
        writer.Write("exit,correct,satisfied,lost,offloaded,fallback,latencyMs,edgeMs,wireMs,tailMs,energy,bytes,measuredMbps,");
        writer.Write("decided,reason,why,cannotBeMet,expectedLatencyMs,expectedEnergy,expectedAccuracy,expectedSatisfaction,");
        writer.Write("measuredTasks,measuredLatencyMs,measuredEnergy,measuredAccuracy,measuredSatisfaction,standby,standbyMs\n");
        foreach (ReplayResult result in results) Write(writer, result);
    }

    static void Write(TextWriter writer, ReplayResult result)
    {
        VirtualRun run = result.Run;
        var log = DecisionLog.Of(run, result.Scenario.Bounds, int.MaxValue);
        int decision = -1;
        for (int task = 0; task < run.Records.Count; task++)
        {
            bool decided = decision + 1 < run.Decisions.Count && run.Decisions[decision + 1].FirstTask == task;
            if (decided) decision++;
            TaskRecord record = run.Records[task];
            // A lost task ran under no policy; the one in force stands in its row.
            LoggedDecision logged = log[Math.Max(decision, 0)];
            DecisionExplanation explanation = logged.Explanation;
            ExitPolicy policy = explanation.Policy;
            VirtualLink link = result.Scenario.Link.At(record.TimeSeconds, task);
            writer.Write(Line($"{result.Seed},{task},{record.TimeSeconds:0.######},{link.RateBitsPerSecond / 1e6},{link.RttMs},"));
            writer.Write(Line($"{policy.Cut},{policy.Interval},"));
            foreach (float threshold in policy.Thresholds) writer.Write(Line($"{threshold:0.####},"));
            writer.Write(Line($"{record.Exit},{Bit(run.Correct[task])},{Bit(run.Satisfied[task])},{Bit(record.Exit == 0)},"));
            writer.Write(Line($"{Bit(record.Offloaded)},{Bit(record.Fallback)},{record.LatencyMs:0.####},{record.EdgeMs:0.####},"));
            writer.Write(Line($"{record.WireMs:0.####},{record.TailMs:0.####},{record.EnergyJ:0.######},{record.BytesSent},"));
            string reason = JsonNamingPolicy.CamelCase.ConvertName(explanation.Reason.ToString());
            writer.Write(Line($"{record.RateBitsPerSecond / 1e6:0.####},{Bit(decided)},{reason},{explanation.Why},"));
            writer.Write(Line($"{Bit(explanation.CannotBeMet)},"));
            writer.Write(Line($"{Four(explanation.Expected)},{logged.Tasks},{Four(logged.Measured)},"));
            writer.Write(Line($"{policy.Standby},{record.StandbyMs:0.####}\n"));
        }
    }

    /// <summary>Empty fields where nothing was expected or measured.</summary>
    static string Four(in PolicyEstimate of) => double.IsNaN(of.LatencyMs)
        ? ",,,"
        : Line($"{of.LatencyMs:0.##},{of.EnergyJ:0.####},{of.Accuracy:0.####},{of.Satisfaction:0.####}");

    static int Bit(bool value) => value ? 1 : 0;

    static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture).Replace("NaN", "", StringComparison.Ordinal);
}
