using System.Runtime.InteropServices;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>Turns a run into numbers.</summary>
static class ReplayJudge
{
    const int First = 100;
    const int InARow = 5;

    public static ReplayMetrics Judge(VirtualRun run, ReplayScenario scenario, double decisionMicros)
    {
        int tasks = run.Records.Count;
        int ran = 0, right = 0, satisfied = 0, own = 0, good = 0, goodFirst = 0;
        double latency = 0, energy = 0, exits = 0, cuts = 0;
        var latencies = new List<double>(tasks);
        for (int i = 0; i < tasks; i++)
        {
            TaskRecord record = run.Records[i];
            if (record.Exit == 0) continue;
            ran++;
            latencies.Add(record.LatencyMs);
            (latency, energy, exits, cuts) = (
                latency + record.LatencyMs, energy + record.EnergyJ, exits + record.Exit, cuts + record.Policy.Cut);
            if (run.Correct[i]) right++;
            if (run.Satisfied[i]) satisfied++;
            if (record.LatencyMs <= scenario.Bounds.LatencyMs && record.EnergyJ <= scenario.Bounds.EnergyJ) own++;
            if (!run.Correct[i] || !run.Satisfied[i]) continue;
            good++;
            if (i < First) goodFirst++;
        }
        latencies.Sort();
        (double met, double reward) = Intervals(run, scenario);
        return new ReplayMetrics
        {
            SatisfactionTask = Share(satisfied, tasks),
            SatisfactionInterval = met,
            SatisfactionOwn = Share(own, tasks),
            Accuracy = Share(right, ran),
            Goodput = Share(good, tasks),
            GoodputFirst100 = Share(goodFirst, Math.Min(First, tasks)),
            GoodputAfter100 = Share(good - goodFirst, tasks - First),
            MeanLatencyMs = latency / ran,
            P99LatencyMs = Statistics.Quantile(CollectionsMarshal.AsSpan(latencies), 0.99),
            Energy = energy / ran,
            Reward = reward,
            MeanExit = exits / ran,
            MeanCut = cuts / ran,
            MeanInterval = Share(ran, run.Decisions.Count),
            DecisionMicros = decisionMicros,
            LossRatio = Share(tasks - ran, tasks),
            AdaptationTasks = Statistics.Median(Adaptations(run, scenario)),
        };
    }

    /// <summary>Tasks from every change of the link to the first of five satisfied in a row, at most up to the next change.</summary>
    public static List<double> Adaptations(VirtualRun run, ReplayScenario scenario)
    {
        IReadOnlyList<int> changes = scenario.Link.ChangesBefore(run.Records.Count);
        var found = new List<double>();
        for (int c = 0; c < changes.Count; c++)
        {
            int end = c + 1 < changes.Count ? changes[c + 1] : run.Records.Count;
            // Too few tasks are left to see five in a row.
            if (end - changes[c] < InARow) continue;
            (int inARow, int after) = (0, end - changes[c]);
            for (int i = changes[c]; i < end && inARow < InARow; i++)
            {
                inARow = run.Satisfied[i] ? inARow + 1 : 0;
                if (inARow == InARow) after = i - InARow + 1 - changes[c];
            }
            found.Add(after);
        }
        return found;
    }

    /// <summary>Share of action intervals whose state interval is inside both bounds, and the mean reward of state intervals.</summary>
    static (double Met, double Reward) Intervals(VirtualRun run, ReplayScenario scenario)
    {
        var window = new IntervalWindow(ControlIntervals.StateIntervals, ControlIntervals.MaxInterval);
        var function = new RewardFunction(scenario.Reward, scenario.Profile.Manifest.SideExits);
        (int met, double reward, int next, int intervals) = (0, 0, 1, 0);
        for (int i = 0; i <= run.Records.Count; i++)
        {
            bool ends = i == run.Records.Count || (next < run.Decisions.Count && run.Decisions[next].FirstTask == i);
            if (ends && window.OpenTasks > 0)
            {
                Observation observation = default;
                window.Observe(ref observation, scenario.Bounds);
                if (observation.LatencyMs <= scenario.Bounds.LatencyMs && observation.EnergyJ <= scenario.Bounds.EnergyJ) met++;
                reward += function.Reward(observation);
                intervals++;
                next++;
                window.Close();
            }
            if (i < run.Records.Count && run.Records[i].Exit > 0) window.Add(run.Records[i], scenario.Bounds.LatencyMs, 0);
        }
        return (Share(met, intervals), intervals == 0 ? double.NaN : reward / intervals);
    }

    static double Share(int part, int whole) => whole <= 0 ? double.NaN : (double)part / whole;
}
