namespace EdgeML.Simulation.Scenarios;

/// <summary>Everything a demo run meets, fixed before it starts: link, load of the tail, bounds, pace and the emulated edge.</summary>
/// <remarks>Phases count tasks, not seconds, so that every row meets the same link at the same task however long it took for the ones
/// before.</remarks>
sealed class DemoScenario
{
    readonly int[] _phaseOfTask;

    /// <summary>Puts phases together.</summary>
    /// <param name="phases">In order and without gaps, the first one from task 0.</param>
    /// <param name="seed">Seed of the phases and the inputs.</param>
    /// <param name="periodMs">Milliseconds between two inputs.</param>
    /// <param name="deadlineMs">After how long the edge stops waiting for the tail and finishes itself.</param>
    /// <param name="edgeSlowdown">How many times slower the emulated edge computes than this machine.</param>
    /// <exception cref="ArgumentException">No phases, or a gap between two.</exception>
    public DemoScenario(IReadOnlyList<ScenarioPhase> phases, ulong seed, double periodMs, double deadlineMs, double edgeSlowdown)
    {
        if (phases.Count == 0) throw new ArgumentException("a scenario needs at least one phase");
        int next = 0;
        foreach (ScenarioPhase phase in phases)
        {
            if (phase.FirstTask != next || phase.Tasks < 1)
                throw new ArgumentException(
                    $"phase '{phase.Name}' starts at task {phase.FirstTask} with {phase.Tasks} tasks, the one before ends at {next}");
            next = phase.End;
        }
        Phases = phases;
        _phaseOfTask = new int[next];
        for (int i = 0; i < phases.Count; i++) _phaseOfTask.AsSpan(phases[i].FirstTask, phases[i].Tasks).Fill(i);
        (Seed, PeriodMs, DeadlineMs, EdgeSlowdown) = (seed, periodMs, deadlineMs, edgeSlowdown);
    }

    /// <summary>The stretches of constant conditions.</summary>
    public IReadOnlyList<ScenarioPhase> Phases { get; }

    /// <summary>Number of tasks.</summary>
    public int Tasks => _phaseOfTask.Length;

    /// <summary>Seed of link and inputs.</summary>
    public ulong Seed { get; }

    /// <summary>Milliseconds from one input to the next; a task that takes longer delays the next one.</summary>
    public double PeriodMs { get; }

    /// <summary>Milliseconds after which the edge stops waiting for the tail.</summary>
    public double DeadlineMs { get; }

    /// <summary>How many times slower the emulated edge computes than this machine.</summary>
    public double EdgeSlowdown { get; }

    /// <summary>The phase of task i.</summary>
    public ScenarioPhase PhaseOf(int task) => Phases[_phaseOfTask[task]];

    /// <summary>First tasks of the phases whose bounds differ from those before.</summary>
    public IEnumerable<int> BoundsChanges =>
        Phases.Skip(1).Where((phase, i) => phase.Bounds != Phases[i].Bounds).Select(phase => phase.FirstTask);
}
