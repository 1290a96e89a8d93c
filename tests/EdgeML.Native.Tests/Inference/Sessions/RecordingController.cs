using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Chooses for every task what a test says, and keeps what it is told of the tasks.</summary>
sealed class RecordingController(Func<ExitPolicy> next) : IPolicyController
{
    public string Name => "recording";

    public List<TaskRecord> Records { get; } = [];

    public TaskRecord Last => Records[^1];

    public DecisionExplanation Explanation => default;

    public ExitPolicy Next(in Observation observation) => next().WithInterval(1);

    public bool Completed(in TaskRecord record)
    {
        Records.Add(record);
        return false;
    }

    public void Dispose()
    {
    }
}
