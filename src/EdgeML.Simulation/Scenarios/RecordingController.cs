using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Simulation.Scenarios;

/// <summary>Another controller, with a record of its tasks and of which decision each ran under.</summary>
sealed class RecordingController(IPolicyController inner, int tasks, DecisionLog log) : IPolicyController
{
    readonly LoggingController _inner = new(inner, log);
    readonly TaskRecord[] _records = new TaskRecord[tasks];

    public string Name => _inner.Name;

    public bool UsesCalibration => _inner.UsesCalibration;

    public DecisionExplanation Explanation => _inner.Explanation;

    public LearningCounters Learning => _inner.Learning;

    public ref readonly TaskRecord Record(int task) => ref _records[task];

    public ExitPolicy Next(in Observation observation) => _inner.Next(observation);

    public bool Completed(in TaskRecord record)
    {
        _records[record.TaskId] = record;
        return _inner.Completed(record);
    }

    public void Dispose() => _inner.Dispose();
}
