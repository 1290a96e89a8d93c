using EdgeML.Native.Control;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Lab.Scenarios;

/// <summary>Another controller, with a record of its tasks and of which decision each ran under.</summary>
sealed class RecordingController(IPolicyController inner, int tasks) : IPolicyController
{
    readonly TaskRecord[] _records = new TaskRecord[tasks];
    readonly int[] _decisionOf = new int[tasks];
    int _decisions;

    public string Name => inner.Name;

    public DecisionExplanation Explanation => inner.Explanation;

    public LearningCounters Learning => inner.Learning;

    public ref readonly TaskRecord Record(int task) => ref _records[task];

    public int DecisionOf(int task) => _decisionOf[task];

    public ExitPolicy Next(in Observation observation)
    {
        _decisions++;
        return inner.Next(observation);
    }

    public bool Completed(in TaskRecord record)
    {
        _records[record.TaskId] = record;
        _decisionOf[record.TaskId] = _decisions;
        return inner.Completed(record);
    }

    public void Dispose() => inner.Dispose();
}
