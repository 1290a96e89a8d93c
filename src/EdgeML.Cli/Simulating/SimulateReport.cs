using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>Shows the result of a simulation.</summary>
static class SimulateReport
{
    public static void Show(ReplayPool pool, ReplayScenario scenario)
    {
        ReplayResult first = pool.Results[0];
        string energy = scenario.Power is FrequencyProxy ? "GHz" : "J";
        string bound = double.IsFinite(scenario.Bounds.EnergyJ) ? $"{scenario.Bounds.EnergyJ:0.###} {energy}" : "any energy";
        Terminal.Line(
            $"{first.Controller} on {scenario.Profile.Manifest.Name}, {scenario.Profile.Edge.Device}, link {scenario.Link.Spec}, " +
                          $"{scenario.Tasks} tasks, {pool.Results.Count} seeds; bounds {scenario.Bounds.LatencyMs:0.#} ms and {bound}");
        Line("satisfied", pool, m => m.SatisfactionTask, "0.0000", "own latency, energy of the state interval");
        Line("  by interval", pool, m => m.SatisfactionInterval, "0.0000", "both averaged, eq. 1");
        Line("  by task", pool, m => m.SatisfactionOwn, "0.0000", "own latency, own energy");
        Line("accuracy", pool, m => m.Accuracy, "0.0000");
        Line("goodput", pool, m => m.Goodput, "0.0000");
        Line("  first 100", pool, m => m.GoodputFirst100, "0.0000");
        Line("  after 100", pool, m => m.GoodputAfter100, "0.0000");
        Line("latency", pool, m => m.MeanLatencyMs, "0.00", "ms, mean");
        Line("  p99", pool, m => m.P99LatencyMs, "0.00", "ms");
        Line("energy", pool, m => m.Energy, "0.0000", $"{energy}, mean");
        Line("reward", pool, m => m.Reward, "0.0000");
        Line("exit", pool, m => m.MeanExit, "0.00", "mean");
        Line("cut", pool, m => m.MeanCut, "0.00", "mean");
        Line("interval", pool, m => m.MeanInterval, "0.00", "tasks, mean");
        Line("decision", pool, m => m.DecisionMicros, "0.0", "µs");
        if (scenario.Arrivals is not null) Line("lost", pool, m => m.LossRatio, "0.0000");
        if (double.IsFinite(pool.AdaptationTasks))
            Terminal.Line($"{"adaptation",-14}{pool.AdaptationTasks,10:0.#}  tasks, median over changes of the link");
        double cannotBeMet = pool.Results.Average(result => result.CannotBeMet);
        if (cannotBeMet > 0.01)
            Terminal.Line($"{100 * cannotBeMet:0} % of the decisions found no policy inside the bounds and took the smallest violation");
    }

    public static void ShowTiming(ReplayPool pool)
    {
        const int Unit = 5000;
        int intervals = pool.Results.Sum(result => result.Run.Decisions.Count),
            tasks = pool.Results.Sum(result => result.Run.Records.Count);
        double seconds = pool.Results.Sum(result => result.ProcessorMs) / 1000;
        Terminal.Line($"took {seconds:0.00} s of one core for {tasks} tasks in {intervals} intervals: {seconds * Unit / intervals:0.00} s " +
            $"for {Unit} intervals");
    }

    static void Line(string name, ReplayPool pool, Func<ReplayMetrics, double> number, string format, string remark = "")
    {
        (double mean, double half) = pool.Of(number);
        if (!double.IsFinite(mean)) return;
        string spread = double.IsFinite(half) ? $" +- {half.ToString(format)}" : "";
        Terminal.Line($"{name,-14}{mean.ToString(format),10}{spread,-12}  {remark}".TrimEnd());
    }
}
