using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Loop;

/// <summary>The state interval I_k: the q most recent action intervals, as sums. Fixed buffers, no allocation after construction.</summary>
/// <remarks>Averages weigh tasks, not intervals. With fewer than q completed intervals those there are count.</remarks>
sealed class IntervalWindow
{
    struct Interval
    {
        public int Tasks;
        public double LatencyMs;
        public double EnergyJ;
        public int Exits;
        public int InTime;
        public int InTimeExits;
    }

    readonly Interval[] _closed;
    readonly long[] _taskIds;
    readonly bool[] _inTime;
    Interval _open;
    int _closedCount;
    int _next;

    /// <param name="intervals">q, the open one included.</param>
    /// <param name="maxTasks">N_max, tasks of one interval.</param>
    public IntervalWindow(int intervals = 3, int maxTasks = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(intervals, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTasks, 1);
        _closed = new Interval[intervals - 1];
        _taskIds = new long[maxTasks];
        _inTime = new bool[maxTasks];
    }

    public int MaxTasks => _taskIds.Length;

    /// <summary>Tasks of the open interval.</summary>
    public int OpenTasks => _open.Tasks;

    /// <summary>Counts a task into the open interval.</summary>
    /// <param name="record">The task.</param>
    /// <param name="boundMs">L_usr now.</param>
    /// <param name="delayMs">Time the policy update took before this task; it is part of the interval's latency, not of the task's.</param>
    public void Add(in TaskRecord record, double boundMs, double delayMs)
    {
        bool inTime = record.LatencyMs <= boundMs;
        _taskIds[_open.Tasks] = record.TaskId;
        _inTime[_open.Tasks] = inTime;
        _open.Tasks++;
        _open.LatencyMs += record.LatencyMs + delayMs;
        _open.EnergyJ += record.EnergyJ;
        _open.Exits += record.Exit;
        if (!inTime) return;
        _open.InTime++;
        _open.InTimeExits += record.Exit;
    }

    /// <summary>A task of the open interval, by order, and whether its own latency was inside the bound.</summary>
    public (long TaskId, bool InTime) OpenTask(int index) => (_taskIds[index], _inTime[index]);

    /// <summary>Writes the averages over I_k, the open interval included.</summary>
    public void Observe(ref Observation observation, in Requirements requirements)
    {
        Interval sum = _open;
        for (int i = 0; i < _closedCount; i++)
        {
            ref readonly Interval each = ref _closed[i];
            sum.Tasks += each.Tasks;
            sum.LatencyMs += each.LatencyMs;
            sum.EnergyJ += each.EnergyJ;
            sum.Exits += each.Exits;
            sum.InTime += each.InTime;
            sum.InTimeExits += each.InTimeExits;
        }
        observation.Tasks = sum.Tasks;
        observation.LatencyMs = sum.LatencyMs / sum.Tasks;
        observation.EnergyJ = sum.EnergyJ / sum.Tasks;
        observation.MeanExit = (double)sum.Exits / sum.Tasks;
        bool affordable = !(observation.EnergyJ > requirements.EnergyJ);
        observation.MeanExitSatisfied = affordable && sum.InTime > 0 ? (double)sum.InTimeExits / sum.InTime : double.NaN;
        observation.Satisfaction = sum.Tasks == 0 ? double.NaN : affordable ? (double)sum.InTime / sum.Tasks : 0;
        observation.Requirements = requirements;
    }

    /// <summary>Mean energy over I_k, the open interval included.</summary>
    public double MeanEnergyJ()
    {
        (double energy, int tasks) = (_open.EnergyJ, _open.Tasks);
        for (int i = 0; i < _closedCount; i++)
        {
            energy += _closed[i].EnergyJ;
            tasks += _closed[i].Tasks;
        }
        return energy / tasks;
    }

    /// <summary>Closes the open interval; the oldest one leaves the window.</summary>
    public void Close()
    {
        if (_open.Tasks > 0 && _closed.Length > 0)
        {
            _closed[_next] = _open;
            _next = (_next + 1) % _closed.Length;
            _closedCount = Math.Min(_closedCount + 1, _closed.Length);
        }
        _open = default;
    }

    /// <summary>Forgets everything; new bounds start a new state interval.</summary>
    public void Clear()
    {
        _open = default;
        (_closedCount, _next) = (0, 0);
    }
}
