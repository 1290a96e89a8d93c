using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Decisions;

/// <summary>Keeps the decisions of a run and the measurements of each. Sized at the start: logging allocates nothing.</summary>
/// <remarks>One thread at a time; only <see cref="Judged"/> may be called beside the others, for tasks that finished.</remarks>
public sealed class DecisionLog
{
    /// <summary>Decisions kept by default; those after them are counted only.</summary>
    public const int MostDecisions = 20_000;

    const int IntervalsOfState = 3;

    readonly Entry[] _entries;
    readonly int[] _decisionOf;
    int _decisions;

    /// <summary>An empty log.</summary>
    /// <param name="tasks">Tasks of the run.</param>
    /// <param name="most">Decisions to keep.</param>
    public DecisionLog(int tasks, int most = MostDecisions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tasks, 0);
        // A task may end its interval, and the first decision comes before any task.
        _entries = new Entry[(int)Math.Min(Math.Max(1, most), tasks + 1L)];
        _decisionOf = new int[tasks];
    }

    /// <summary>Decisions kept.</summary>
    public int Count => Math.Min(_decisions, _entries.Length);

    /// <summary>Decisions that found no place any more.</summary>
    public int LeftOut => _decisions - Count;

    /// <summary>A finished run of the simulator as a log.</summary>
    public static DecisionLog Of(VirtualRun run, Requirements bounds, int most = MostDecisions)
    {
        ArgumentNullException.ThrowIfNull(run);
        var log = new DecisionLog(run.Records.Count, most);
        int next = 0;
        for (int task = 0; task < run.Records.Count; task++)
        {
            while (next < run.Decisions.Count && run.Decisions[next].FirstTask <= task)
                log.Decided(run.Decisions[next++].Explanation, bounds, task);
            // A task that found the queue full ran under no decision.
            if (run.Records[task].Exit == 0) continue;
            log.Finished(run.Records[task]);
            log.Judged(task, run.Correct[task]);
        }
        return log;
    }

    /// <summary>Which decision, counted from 1, a task finished under.</summary>
    public int DecisionOf(int task) => _decisionOf[task];

    /// <summary>A decision was made.</summary>
    /// <param name="explanation">By the controller.</param>
    /// <param name="bounds">In force.</param>
    /// <param name="firstTask">The next task.</param>
    public void Decided(in DecisionExplanation explanation, in Requirements bounds, int firstTask)
    {
        if (_decisions < _entries.Length)
            _entries[_decisions] = new Entry { FirstTask = firstTask, Explanation = explanation, Bounds = bounds };
        _decisions++;
    }

    /// <summary>A task finished under the last decision.</summary>
    public void Finished(in TaskRecord record)
    {
        if (record.TaskId >= 0 && record.TaskId < _decisionOf.Length) _decisionOf[record.TaskId] = _decisions;
        if (_decisions == 0 || _decisions > _entries.Length) return;
        ref Entry entry = ref _entries[_decisions - 1];
        entry.Tasks++;
        entry.LatencyMs += record.LatencyMs;
        entry.EnergyJ += record.EnergyJ;
        entry.Bytes += record.BytesSent;
        if (record.LatencyMs <= entry.Bounds.LatencyMs) entry.InTime++;
    }

    /// <summary>Whether a finished task was right.</summary>
    public void Judged(long taskId, bool correct)
    {
        if (taskId < 0 || taskId >= _decisionOf.Length) return;
        int decision = _decisionOf[taskId];
        if (decision == 0 || decision > _entries.Length) return;
        _entries[decision - 1].Judged++;
        if (correct) _entries[decision - 1].Right++;
    }

    /// <summary>A decision by order, from 0.</summary>
    public LoggedDecision this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ref readonly Entry entry = ref _entries[index];
            bool affordable = !(StateEnergy(index) > entry.Bounds.EnergyJ);
            return new LoggedDecision(entry.FirstTask, entry.Explanation, entry.Bounds, new PolicyEstimate
            {
                LatencyMs = entry.LatencyMs / entry.Tasks,
                EnergyJ = entry.EnergyJ / entry.Tasks,
                Accuracy = (double)entry.Right / entry.Judged,
                Satisfaction = entry.Tasks == 0 ? double.NaN : affordable ? (double)entry.InTime / entry.Tasks : 0,
                Goodput = double.NaN,
                Bytes = entry.Bytes / entry.Tasks,
            }, entry.Tasks);
        }
    }

    /// <summary>Mean energy over a decision's tasks and those of the two before, back to a change of the bounds.</summary>
    double StateEnergy(int index)
    {
        (double energy, int tasks, int intervals) = (0, 0, 0);
        for (int i = index; i >= 0 && intervals < IntervalsOfState && _entries[i].Bounds == _entries[index].Bounds; i--)
        {
            if (_entries[i].Tasks == 0) continue;
            (energy, tasks, intervals) = (energy + _entries[i].EnergyJ, tasks + _entries[i].Tasks, intervals + 1);
        }
        return energy / tasks;
    }

    struct Entry
    {
        public int FirstTask;
        public DecisionExplanation Explanation;
        public Requirements Bounds;
        public int Tasks, InTime, Judged, Right;
        public double LatencyMs, EnergyJ, Bytes;
    }
}
