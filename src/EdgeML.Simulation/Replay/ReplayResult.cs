using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>One controller over one seed of a scenario.</summary>
public sealed class ReplayResult
{
    internal ReplayResult(string controller, int seed, ReplayScenario scenario, VirtualRun run, double decisionMicros)
    {
        (Controller, Seed, Scenario, Run) = (controller, seed, scenario, run);
        Metrics = ReplayJudge.Judge(run, scenario, decisionMicros);
        Adaptations = ReplayJudge.Adaptations(run, scenario);
    }

    /// <summary>Name of the controller.</summary>
    public string Controller { get; }

    /// <summary>The seed.</summary>
    public int Seed { get; }

    /// <summary>The scenario.</summary>
    public ReplayScenario Scenario { get; }

    /// <summary>Processor time of the run, milliseconds; the one number that differs from run to run.</summary>
    public double ProcessorMs { get; internal init; }

    /// <summary>Tasks and decisions.</summary>
    public VirtualRun Run { get; }

    /// <summary>The numbers.</summary>
    public ReplayMetrics Metrics { get; }

    /// <summary>Share of the decisions that saw no policy inside the bounds.</summary>
    internal double CannotBeMet =>
        Run.Decisions.Count(decision => decision.Explanation.CannotBeMet) / (double)Run.Decisions.Count;

    /// <summary>Tasks after every change of the link until bounds were met again.</summary>
    public IReadOnlyList<double> Adaptations { get; }

    /// <summary>Controller, seed and figures in one line.</summary>
    public override string ToString() => $"{Controller}, seed {Seed}: {Metrics}";
}
