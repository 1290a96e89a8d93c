using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Decisions;

/// <summary>Another controller, with a log of its decisions.</summary>
/// <param name="inner">Decides; disposed with this one.</param>
/// <param name="log">Takes decisions and tasks down.</param>
public sealed class LoggingController(IPolicyController inner, DecisionLog log) : IPolicyController
{
    int _finished;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc />
    public bool UsesCalibration => inner.UsesCalibration;

    /// <inheritdoc/>
    public DecisionExplanation Explanation => inner.Explanation;

    /// <inheritdoc/>
    public LearningCounters Learning => inner.Learning;

    /// <inheritdoc/>
    public ExitPolicy Next(in Observation observation)
    {
        ExitPolicy policy = inner.Next(observation);
        log.Decided(inner.Explanation, observation.Requirements, _finished);
        return policy;
    }

    /// <inheritdoc/>
    public bool Completed(in TaskRecord record)
    {
        _finished++;
        log.Finished(record);
        return inner.Completed(record);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
