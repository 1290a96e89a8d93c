using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Simulation.Scenarios;

/// <summary>How far a row has come; written by the row's thread, read by a view at any time.</summary>
/// <param name="name">Of the row.</param>
/// <param name="tasks">Of the scenario.</param>
sealed class RowProgress(string name, int tasks)
{
    readonly ScenarioTask[] _tasks = new ScenarioTask[tasks];
    readonly Lock _gate = new();
    int _done;
    LinkSnapshot _link = LinkSnapshot.None;
    ControlCounters _control;
    DecisionExplanation _explanation;

    /// <summary>Of the row.</summary>
    public string Name => name;

    /// <summary>The row's decisions; to be read when the row is done.</summary>
    public DecisionLog Decisions { get; } = new(tasks);

    /// <summary>Tasks of the scenario.</summary>
    public int Total => _tasks.Length;

    /// <summary>Tasks finished.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>The finished tasks, in order.</summary>
    public ArraySegment<ScenarioTask> Tasks => new(_tasks, 0, Done);

    /// <summary>The finished tasks, judged; null before the first.</summary>
    public ScenarioRow? Judge() => Tasks is { Count: > 0 } tasks ? new ScenarioRow(name, tasks) : null;

    /// <summary>The client's view of the link, counts of control, reason of the last policy.</summary>
    public (LinkSnapshot Link, ControlCounters Control, DecisionExplanation Explanation) State
    {
        get
        {
            lock (_gate) return (_link, _control, _explanation);
        }
    }

    internal void Add(in ScenarioTask task, in LinkSnapshot link, in ControlCounters control, in DecisionExplanation explanation)
    {
        lock (_gate) (_link, _control, _explanation) = (link, control, explanation);
        _tasks[_done] = task;
        Volatile.Write(ref _done, _done + 1);
    }
}
