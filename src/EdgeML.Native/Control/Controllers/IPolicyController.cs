using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

/// <summary>Chooses policies. Called between tasks, never concurrently; no method may block or, in steady state, allocate.</summary>
/// <remarks>One that is written for a session (<c>EdgeSessionOptions.CreateController</c>) runs in the simulator, too:
/// both make it from a <see cref="ControllerContext"/>. Members that are not abstract are for controllers that learn or watch single tasks.</remarks>
public interface IPolicyController : IDisposable
{
    /// <summary>Name as on the command line.</summary>
    string Name { get; }

    /// <summary>Whether it decides by the exits' outputs on calibration samples.</summary>
    bool UsesCalibration => true;

    /// <summary>The policy for the next interval.</summary>
    /// <param name="observation">The measurements up to now; before the first task they are NaN or 0.</param>
    ExitPolicy Next(in Observation observation);

    /// <summary>Called for every task as it completes. By default does nothing.</summary>
    /// <param name="record">The task.</param>
    /// <returns>Whether the interval should end here and <see cref="Next"/> be asked at once.</returns>
    bool Completed(in TaskRecord record) => false;

    /// <summary>Why the last <see cref="Next"/> chose as it did.</summary>
    DecisionExplanation Explanation { get; }

    /// <summary>The cost of learning; zeros for a controller that does not learn.</summary>
    LearningCounters Learning => default;
}
