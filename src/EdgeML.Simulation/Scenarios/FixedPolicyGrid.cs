using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Scenarios;

/// <summary>Judges every policy of a grid over a whole scenario on the cost model, with hindsight: the result the best fixed choice would have
/// been.</summary>
/// <remarks>The grid is every candidate cut with every combination of <see cref="Levels"/> as thresholds. Times are the cost model's,
/// without jitter; exits are those the tasks' own inputs take.</remarks>
sealed class FixedPolicyGrid
{
    // Policies stay in force as long as a controller's at most, so a state interval is three times this long.
    const int StateTasks = ControlIntervals.StateIntervals * ControlIntervals.MaxInterval;

    readonly VirtualWorld _world;
    readonly CostModel _model;
    readonly PathCost[] _paths;
    readonly PathCost[] _local;
    readonly (int Exit, bool Correct)[] _answers;

    /// <summary>Prepares the grid for a world.</summary>
    public FixedPolicyGrid(VirtualWorld world)
    {
        (_world, _model) = (world, world.TrueModel());
        (_paths, _local) = (new PathCost[_model.SideExits + 1], new PathCost[_model.SideExits + 1]);
        _answers = new (int, bool)[world.Tasks];
    }

    /// <summary>Thresholds tried at every side exit.</summary>
    public static IReadOnlyList<float> Levels { get; } = [0f, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.8f, 1f];

    /// <summary>Number of policies on the grid.</summary>
    public int Policies => _model.CandidateCuts.Count * Combinations;

    /// <summary>The grid in words, for tables.</summary>
    public string Description =>
        $"{Policies} policies: thresholds {{{string.Join(' ', Levels.Select(level => level.ToString("0.#")))}}} at {_model.SideExits} "
        + $"exits x cuts {{{string.Join(' ', _model.CandidateCuts)}}}";

    int Combinations => (int)Math.Pow(Levels.Count, _model.SideExits);

    /// <summary>The policies with the highest goodput, best first.</summary>
    /// <param name="count">How many.</param>
    public IReadOnlyList<(ExitPolicy Policy, double Goodput, double Satisfaction)> Best(int count)
    {
        var best = new PriorityQueue<(ExitPolicy, double, double), double>();
        Span<float> thresholds = stackalloc float[_model.SideExits];
        for (int combination = 0; combination < Combinations; combination++)
        {
            int rest = combination;
            for (int i = 0; i < thresholds.Length; i++, rest /= Levels.Count) thresholds[i] = Levels[rest % Levels.Count];
            Answer(thresholds);
            foreach (int cut in _model.CandidateCuts)
            {
                (double goodput, double satisfaction) = Judge(thresholds, cut);
                best.Enqueue((new ExitPolicy(thresholds, cut, ControlIntervals.MaxInterval), goodput, satisfaction), goodput);
                if (best.Count > count) best.Dequeue();
            }
        }
        var ranked = new (ExitPolicy, double, double)[best.Count];
        for (int i = ranked.Length - 1; i >= 0; i--) ranked[i] = best.Dequeue();
        return ranked;
    }

    void Answer(ReadOnlySpan<float> thresholds)
    {
        for (int task = 0; task < _answers.Length; task++)
        {
            int sample = _world.SampleOf(task), exit = 0;
            while (exit < thresholds.Length && !(_world.Samples.Entropy(sample, exit + 1) < thresholds[exit])) exit++;
            _answers[task] = (exit, _world.Samples.IsCorrect(sample, exit + 1));
        }
    }

    (double Goodput, double Satisfaction) Judge(ReadOnlySpan<float> thresholds, int cut)
    {
        uint heads = _model.Heads(thresholds);
        _model.Paths(heads, _model.LocalCut, PlanningConditions.From(default), _local);
        Span<double> energy = stackalloc double[StateTasks];
        energy.Clear();
        Span<bool> inTime = stackalloc bool[ControlIntervals.MaxInterval];
        (int good, int satisfied) = (0, 0);
        (VirtualLink link, bool known) = (default, false);
        Requirements before = _world.Bounds(0, 0);
        int since = 0;
        for (int first = 0; first < _answers.Length; first += ControlIntervals.MaxInterval)
        {
            int end = Math.Min(first + ControlIntervals.MaxInterval, _answers.Length);
            Requirements bounds = _world.Bounds(0, first);
            if (bounds != before) (since, before) = (first, bounds);
            for (int task = first; task < end; task++)
            {
                VirtualLink now = _world.Link(0, task);
                if (!known || now != link)
                {
                    (link, known) = (now, true);
                    var conditions = PlanningConditions.From(default);
                    (conditions.RateBitsPerSecond, conditions.RttMs, conditions.TailFactor) =
                        (Math.Max(now.RateBitsPerSecond, 1), now.RttMs, now.TailFactor);
                    _model.Paths(heads, cut, conditions, _paths);
                }
                (double latency, double joules) = Cost(_answers[task].Exit);
                energy[task % StateTasks] = joules;
                inTime[task - first] = latency <= bounds.LatencyMs;
            }
            double sum = 0;
            int from = Math.Max(since, end - StateTasks);
            for (int task = from; task < end; task++) sum += energy[task % StateTasks];
            if (sum / (end - from) > bounds.EnergyJ) continue;
            for (int task = first; task < end; task++)
            {
                if (!inTime[task - first]) continue;
                satisfied++;
                if (_answers[task].Correct) good++;
            }
        }
        return (good / (double)_answers.Length, satisfied / (double)_answers.Length);
    }

    (double LatencyMs, double EnergyJ) Cost(int exit)
    {
        ref readonly PathCost path = ref _paths[exit];
        if (!path.Offloaded || path.LatencyMs <= _world.DeadlineMs) return (path.LatencyMs, path.EnergyJ);
        // The tail does not answer by the deadline, and the edge finishes the rest.
        double waitMs = Math.Max(0, _world.DeadlineMs - path.EdgeMs);
        double busyMs = _local[exit].EdgeMs;
        return (busyMs + waitMs, _model.Power.Joules(busyMs + waitMs, busyMs, waitMs));
    }
}
