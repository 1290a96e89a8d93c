namespace EdgeML.Native.Control.Learning;

/// <summary>Where an agent learns: takes transitions, gives nets to act with.</summary>
abstract class Learner(ActingNetworks networks) : IDisposable
{
    /// <summary>Nets to act with; the deciding thread's own.</summary>
    public ActingNetworks Networks => networks;

    public abstract LearningCounters Counters { get; }

    /// <summary>Takes a transition, and gives learning its chance.</summary>
    public abstract void Step(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState);

    /// <summary>Tells how long a task took; learning may cost a share of it.</summary>
    /// <param name="taskMs">Milliseconds of the task.</param>
    /// <param name="decideMs">Milliseconds spent on deciding since the last call.</param>
    public abstract void TaskDone(double taskMs, double decideMs);

    public abstract void Dispose();

    public static Learner Create(DdpgAgent agent, LearningMode mode, double budget) =>
        mode == LearningMode.Inline ? new InlineLearner(agent) : new BackgroundLearner(agent, budget);
}
