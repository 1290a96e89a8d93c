using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Learning;

/// <summary>Learns on the caller, the same number of updates at every decision: reproducible.</summary>
sealed class InlineLearner(DdpgAgent agent) : Learner(agent.NewActingNetworks())
{
    long _busy;

    public override LearningCounters Counters => new(agent.Steps, _busy / 1e3, OnCaller: true);

    public override void Step(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState)
    {
        long start = ThreadTime.Now;
        agent.Remember(state, action, reward, nextState);
        if (agent.CanLearn)
        {
            for (int i = 0; i < agent.Options.UpdatesPerDecision; i++) agent.Learn();
            agent.Publish(Networks);
        }
        _busy += ThreadTime.Now - start;
    }

    public override void TaskDone(double taskMs, double decideMs)
    {
    }

    public override void Dispose()
    {
    }
}
