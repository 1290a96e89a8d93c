using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Learning;

/// <summary>Learns on its own thread, within a share of the time tasks take. The deciding thread never waits for it.</summary>
/// <remarks>
/// Transitions go over a ring with one writer and one reader; when it is full they are dropped. Weights come back through a copy under
/// a lock that the learner holds for a microsecond and the decider only tries. Time is this thread's processor time.
/// </remarks>
sealed class BackgroundLearner : Learner
{
    readonly DdpgAgent _agent;
    readonly double _budget;
    readonly Action? _updating;
    readonly int _stride;
    readonly float[] _queue;
    readonly ActingNetworks _published;
    readonly Lock _publishing = new();
    readonly AutoResetEvent _wake = new(false);
    readonly BackgroundFaults _faults = new();
    readonly Thread _thread;
    long _written;
    long _read;
    long _busy;
    long _steps;
    long _version;
    long _taken;
    double _allowedMs;
    volatile bool _parked;
    volatile bool _stopping;

    /// <param name="agent">Learns; this learner's own.</param>
    /// <param name="budget">Share of task time.</param>
    /// <param name="updating">Called on the learning thread before every update; for tests.</param>
    public BackgroundLearner(DdpgAgent agent, double budget, Action? updating = null) : base(agent.NewActingNetworks())
    {
        (_agent, _budget, _updating) = (agent, budget, updating);
        _stride = (2 * agent.StateSize) + agent.ActionSize + 1;
        _queue = new float[LearningDefaults.QueueLength * _stride];
        _published = agent.NewActingNetworks();
        Rehearse(agent);
        _thread = new Thread(Run) { IsBackground = true, Name = "edgeml-learner", Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    public override LearningCounters Counters =>
        new(Volatile.Read(ref _steps), Volatile.Read(ref _busy) / 1e3, OnCaller: false)
        {
            Fault = _faults.Count == 0 ? null : _faults.Texts[0],
        };

    public override void Step(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState)
    {
        long written = _written;
        if (written - Volatile.Read(ref _read) < LearningDefaults.QueueLength)
        {
            Span<float> slot = _queue.AsSpan((int)(written % LearningDefaults.QueueLength) * _stride, _stride);
            state.CopyTo(slot);
            nextState.CopyTo(slot[_agent.StateSize..]);
            action.CopyTo(slot[(2 * _agent.StateSize)..]);
            slot[^1] = reward;
            Volatile.Write(ref _written, written + 1);
        }
        if (Volatile.Read(ref _version) != _taken && _publishing.TryEnter())
        {
            _published.CopyTo(Networks);
            _taken = Volatile.Read(ref _version);
            _publishing.Exit();
        }
        // Waking costs a system call and, on a busy machine, this thread's place: only for something to do.
        if (_parked && (Affordable() || Volatile.Read(ref _written) - Volatile.Read(ref _read) >= LearningDefaults.QueueLength / 4)) _wake.Set();
    }

    public override void TaskDone(double taskMs, double decideMs) =>
        Volatile.Write(ref _allowedMs, _allowedMs + (_budget * taskMs) - decideMs);

    public override void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _wake.Set();
        _thread.Join();
        _wake.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Run()
    {
        try
        {
            Learn();
        }
        catch (Exception e)
        {
            // Decisions continue with the last weights that were published.
            _faults.Add("learner", "learning stopped", e);
        }
    }

    void Learn()
    {
        long owed = 0;
        while (!_stopping)
        {
            long start = ThreadTime.Now;
            bool worked = false;
            for (long read = _read; read < Volatile.Read(ref _written); read++)
            {
                Span<float> slot = _queue.AsSpan((int)(read % LearningDefaults.QueueLength) * _stride, _stride);
                int states = _agent.StateSize;
                _agent.Remember(slot[..states], slot.Slice(2 * states, _agent.ActionSize), slot[^1], slot.Slice(states, states));
                Volatile.Write(ref _read, read + 1);
                owed = Math.Min(LearningDefaults.MaxBacklog, owed + _agent.Options.UpdatesPerDecision);
                worked = true;
            }
            if (owed > 0 && _agent.CanLearn && Affordable())
            {
                _updating?.Invoke();
                _agent.Learn();
                owed--;
                lock (_publishing)
                {
                    _agent.Publish(_published);
                    Volatile.Write(ref _version, _version + 1);
                }
                Volatile.Write(ref _steps, _steps + 1);
                worked = true;
            }
            Volatile.Write(ref _busy, _busy + (ThreadTime.Now - start));
            if (worked) continue;
            _parked = true;
            // A transition that came in since the look above has set no event; look once more before sleeping.
            if (Volatile.Read(ref _written) == _read && !_stopping) _wake.WaitOne();
            _parked = false;
        }
    }

    /// <summary>Compiling takes as long as two hundred updates and is no task's business: one update of another agent sees to it.</summary>
    static void Rehearse(DdpgAgent agent)
    {
        var other = new DdpgAgent(agent.Options with { Capacity = 1, WarmUp = 1 }, agent.StateSize, agent.ActionSize, seed: 0);
        float[] state = new float[agent.StateSize], action = new float[agent.ActionSize];
        other.Remember(state, action, 0, state);
        other.Learn();
        other.Publish(other.NewActingNetworks());
    }

    bool Affordable()
    {
        double busyMs = Volatile.Read(ref _busy) / 1e6;
        long steps = Volatile.Read(ref _steps);
        double stepMs = steps == 0 ? LearningDefaults.AssumedUpdateMs : busyMs / steps;
        return busyMs + stepMs <= Volatile.Read(ref _allowedMs);
    }
}
