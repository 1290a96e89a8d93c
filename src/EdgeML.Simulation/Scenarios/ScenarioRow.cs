using EdgeML.Native.Numerics;

namespace EdgeML.Simulation.Scenarios;

/// <summary>All tasks of one controller over a scenario, judged.</summary>
/// <remarks>A task is satisfied when its own latency is inside its bound and the mean energy of its state interval, the last
/// three action intervals, is inside the energy bound. Energy spent under other bounds tells nothing about these: a change starts a new
/// state interval.</remarks>
sealed class ScenarioRow
{
    const int IntervalsOfState = 3;
    const int InARow = 5;
    readonly double[] _stateEnergy;
    readonly bool[] _satisfied;

    /// <summary>Judges the tasks of one row.</summary>
    /// <param name="name">As on the command line and in tables.</param>
    /// <param name="tasks">In the order they were run; at least one.</param>
    /// <exception cref="ArgumentException">No tasks.</exception>
    public ScenarioRow(string name, IReadOnlyList<ScenarioTask> tasks)
    {
        if (tasks.Count == 0) throw new ArgumentException($"row {name} has no tasks");
        Name = name;
        Tasks = tasks;
        _stateEnergy = StateEnergy(tasks);
        _satisfied = new bool[tasks.Count];
        for (int i = 0; i < tasks.Count; i++)
            _satisfied[i] = tasks[i].Record.LatencyMs <= tasks[i].Bounds.LatencyMs && _stateEnergy[i] <= tasks[i].Bounds.EnergyJ;
        double[] latencies = [.. tasks.Select(task => task.Record.LatencyMs)];
        Array.Sort(latencies);
        double At(double share) => Statistics.Quantile(latencies, share);
        LatencyMs = new LatencySummary(latencies.Average(), At(0.5), At(0.99), At(0.999));
    }

    /// <summary>Name of the row.</summary>
    public string Name { get; }

    /// <summary>The tasks in order.</summary>
    public IReadOnlyList<ScenarioTask> Tasks { get; }

    /// <summary>Share of satisfied tasks.</summary>
    public double Satisfaction => _satisfied.Count(yes => yes) / (double)Tasks.Count;

    /// <summary>Share of right answers.</summary>
    public double Accuracy => Tasks.Count(task => task.Correct) / (double)Tasks.Count;

    /// <summary>Share of tasks answered right and satisfied.</summary>
    public double Goodput => Tasks.Where((task, i) => task.Correct && _satisfied[i]).Count() / (double)Tasks.Count;

    /// <summary>Joules per task, mean.</summary>
    public double EnergyJ => Tasks.Average(task => task.Record.EnergyJ);

    /// <summary>Bytes sent per task, mean.</summary>
    public double BytesPerTask => Tasks.Average(task => task.Record.BytesSent);

    /// <summary>Mean and tail of the tasks' latencies.</summary>
    public LatencySummary LatencyMs { get; }

    /// <summary>Whether task i was inside both bounds.</summary>
    public bool Satisfied(int task) => _satisfied[task];

    /// <summary>Mean energy of the state interval task i belongs to, joules.</summary>
    public double StateEnergyJ(int task) => _stateEnergy[task];

    /// <summary>Tasks from index <paramref name="from"/> to the first of five satisfied in a row; -1 when there is none before the
    /// end.</summary>
    public int TasksUntilMet(int from)
    {
        int run = 0;
        for (int i = from; i < Tasks.Count; i++)
        {
            run = _satisfied[i] ? run + 1 : 0;
            if (run == InARow) return i - InARow + 1 - from;
        }
        return -1;
    }

    static double[] StateEnergy(IReadOnlyList<ScenarioTask> tasks)
    {
        var energy = new double[tasks.Count];
        var starts = new Queue<int>();
        for (int first = 0; first < tasks.Count;)
        {
            int end = first + 1;
            while (end < tasks.Count && tasks[end].Decision == tasks[first].Decision) end++;
            if (first > 0 && tasks[first].Bounds != tasks[first - 1].Bounds) starts.Clear();
            starts.Enqueue(first);
            if (starts.Count > IntervalsOfState) starts.Dequeue();
            double sum = 0;
            for (int i = starts.Peek(); i < end; i++) sum += tasks[i].Record.EnergyJ;
            energy.AsSpan(first, end - first).Fill(sum / (end - starts.Peek()));
            first = end;
        }
        return energy;
    }

    /// <summary>Name and figures in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Name}: {Tasks.Count} tasks, satisfied {Satisfaction:0.000}, accuracy {Accuracy:0.000}, goodput {Goodput:0.000}");
}

/// <summary>Latency of many tasks, milliseconds.</summary>
readonly record struct LatencySummary(double Mean, double P50, double P99, double P999);
