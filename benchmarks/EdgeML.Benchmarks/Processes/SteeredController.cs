using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Processes;

/// <summary>Lets a controller decide and learn as ever, and moves the cut of what it chose.</summary>
sealed class SteeredController(IPolicyController inner, int cut) : IPolicyController
{
    public string Name => inner.Name;

    public DecisionExplanation Explanation => inner.Explanation;

    public LearningCounters Learning => inner.Learning;

    public ExitPolicy Next(in Observation observation) => inner.Next(observation).WithCut(cut);

    public bool Completed(in TaskRecord record) => inner.Completed(record);

    public void Dispose() => inner.Dispose();
}
