using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Loop;

/// <summary>Closes the loop between tasks and a controller: holds the policy in force, collects the costs of tasks, asks for the next
/// policy.</summary>
/// <remarks>
/// Owned by one session and used on its thread; only <see cref="Requirements"/> and <see cref="Counters"/> may be touched from others.
/// A policy changes between tasks, never within one. Nothing is allocated per task or per decision.
/// </remarks>
public sealed class ControlLoop : IDisposable
{
    // A reference handed out by Current must not change under a task that is copying it: swaps go round a few slots.
    const int PolicySlots = 8;

    sealed class Bounds(Requirements value)
    {
        public readonly Requirements Value = value;
    }

    readonly IPolicyController _controller;
    readonly ILinkSource? _link;
    readonly TimeProvider _clock;

    // Looking at a task takes less than reading the processor time does.
    readonly TimeProvider _watch;
    readonly IntervalWindow _window = new(ControlIntervals.StateIntervals, ControlIntervals.MaxInterval);
    readonly ExitPolicy[] _policies = new ExitPolicy[PolicySlots];
    readonly DecisionTimes _decisionTimes = new();
    volatile Bounds _requested;
    Bounds _active;
    volatile AccuracyGuarantee? _guarantee;
    AccuracyGuarantee? _kept;
    int _slot;
    bool _decided;
    bool _linkWasUp;
    int _linkWasTo;
    double _delayMs;
    double _decidedMs;
    double _timeSeconds;
    double _taskMs;
    long _watching;
    double _preparing;
    long _tasks;
    long _judged;
    long _satisfied;
    ExitPolicy _executed;

    /// <summary>Wires a controller to a session.</summary>
    /// <param name="controller">Disposed with the loop.</param>
    /// <param name="link">The state of link and tail; null for a session without a tail.</param>
    /// <param name="requirements">The bounds to start with.</param>
    /// <param name="clock">Measures decisions, by default the processor time of the deciding thread; a simulation passes a virtual
    /// one.</param>
    public ControlLoop(IPolicyController controller, ILinkSource? link, Requirements requirements, TimeProvider? clock = null)
    {
        (_controller, _link, _clock) = (controller, link, clock ?? ThreadTime.Clock);
        _watch = clock ?? TimeProvider.System;
        _active = _requested = new Bounds(requirements);
    }

    /// <summary>Tells, when an interval closes, of each of its tasks whether it was inside both bounds: task id, satisfied. On the
    /// session's thread.</summary>
    public event Action<long, bool>? TaskJudged;

    /// <summary>Tells of every decision, on the session's thread.</summary>
    public event Action<DecisionExplanation>? Decided;

    /// <summary>The policy of the next task. Looks for changed bounds first, and decides again if there are any.</summary>
    public ref readonly ExitPolicy Current
    {
        get
        {
            if (!_decided || !ReferenceEquals(_requested, _active) || !ReferenceEquals(_guarantee, _kept)) Decide();
            return ref _policies[_slot];
        }
    }

    /// <summary>The user's bounds. Setting them, from any thread, ends the interval; the next task runs under a policy chosen for
    /// them.</summary>
    public Requirements Requirements
    {
        get => _requested.Value;
        set => _requested = new Bounds(value);
    }

    /// <summary>Limits of the thresholds, which no policy leaves, a user's included; null for none. Setting them, from any thread, ends the
    /// interval.</summary>
    public AccuracyGuarantee? Guarantee
    {
        get => _guarantee;
        set => _guarantee = value;
    }

    /// <summary>The guarantee that the policy in force was kept inside. On the session's thread.</summary>
    internal AccuracyGuarantee? Kept => _kept;

    /// <summary>The controller.</summary>
    public IPolicyController Controller => _controller;

    /// <summary>The last decision and why. On the session's thread.</summary>
    public DecisionExplanation Explanation => _controller.Explanation with { Policy = _policies[_slot] };

    /// <summary>Counts and costs of control; approximate when read from another thread.</summary>
    public ControlCounters Counters
    {
        get
        {
            LearningCounters learning = _controller.Learning;
            double watching = _watching * 1e6 / _watch.TimestampFrequency;
            return new ControlCounters
            {
                Tasks = _tasks,
                JudgedTasks = _judged,
                SatisfiedTasks = _satisfied,
                Decisions = _decisionTimes.Count,
                DecideMicrosMean = _decisionTimes.MeanMicros,
                DecideMicrosMedian = _decisionTimes.MedianMicros(),
                LearnSteps = learning.Steps,
                LearnMicros = learning.Steps == 0 ? 0 : learning.BusyMicros / learning.Steps,
                ShareOfTaskTime = _taskMs == 0
                    ? 0 : (_decisionTimes.TotalMicros - _preparing + watching + learning.BusyMicros) / (1000 * _taskMs),
            };
        }
    }

    /// <summary>Takes in a finished task; at the end of the interval, or when the controller asks for it, chooses the next
    /// policy.</summary>
    /// <param name="record">The task, fallbacks and failures included.</param>
    public void Completed(in TaskRecord record)
    {
        if (!_decided) Decide();
        long start = _watch.GetTimestamp();
        _window.Add(record, _active.Value.LatencyMs, _delayMs);
        _delayMs = 0;
        _executed = record.Policy;
        _timeSeconds = record.TimeSeconds;
        _taskMs += record.ServiceMs;
        _tasks++;
        bool early = _controller.Completed(record);
        bool linkFlipped = _link?.Snapshot() is { } link && (link.Up != _linkWasUp || link.Tail != _linkWasTo);
        int interval = Math.Min(_policies[_slot].Interval, _window.MaxTasks);
        _watching += _watch.GetTimestamp() - start;
        if (early || linkFlipped || _window.OpenTasks >= interval || !ReferenceEquals(_requested, _active)) Decide();
    }

    /// <summary>All decisions so far, microseconds.</summary>
    internal double DecideMicrosTotal => _decisionTimes.TotalMicros;

    /// <summary>Ends the interval and asks the controller at once. On the session's thread.</summary>
    internal void DecideNow() => Decide();

    /// <summary>Judges the tasks of the open interval and closes it; at the end of a run.</summary>
    public void Flush()
    {
        Judge();
        _window.Close();
    }

    void Judge()
    {
        if (_window.OpenTasks == 0) return;
        bool affordable = !(_window.MeanEnergyJ() > _active.Value.EnergyJ);
        for (int i = 0; i < _window.OpenTasks; i++)
        {
            (long taskId, bool inTime) = _window.OpenTask(i);
            bool satisfied = inTime && affordable;
            _judged++;
            if (satisfied) _satisfied++;
            TaskJudged?.Invoke(taskId, satisfied);
        }
    }

    void Decide()
    {
        Judge();
        Observation observation = default;
        _window.Observe(ref observation, _active.Value);
        _window.Close();
        Bounds requested = _requested;
        if (!ReferenceEquals(requested, _active))
        {
            // Energy spent under other bounds tells nothing about these.
            _window.Clear();
            _active = requested;
            observation.Requirements = requested.Value;
        }
        observation.Link = _link?.Snapshot() ?? LinkSnapshot.None;
        (_linkWasUp, _linkWasTo) = (observation.Link.Up, observation.Link.Tail);
        observation.Executed = _executed;
        observation.TimeSeconds = _timeSeconds;
        // Reading a thread's time is a system call; controllers that keep a budget use this reading.
        observation.DecidedMs = _decidedMs;

        LearningCounters before = _controller.Learning;
        long start = _clock.GetTimestamp();
        ExitPolicy next = _controller.Next(observation);
        if ((_kept = _guarantee) is { } guarantee) next = guarantee.Clamp(next);
        double micros = (_clock.GetTimestamp() - start) * 1e6 / _clock.TimestampFrequency;
        // Inline learning is counted as learning, not as deciding.
        if (before.OnCaller) micros = Math.Max(0, micros - (_controller.Learning.BusyMicros - before.BusyMicros));
        _decisionTimes.Add(micros);
        _decidedMs = micros / 1000;
        // The first policy is chosen while the session is made, and pays for compiling; no task waits for it.
        if (_tasks == 0) _preparing += micros;
        _delayMs = _tasks == 0 ? 0 : _decidedMs;

        int slot = (_slot + 1) % PolicySlots;
        _policies[slot] = next;
        Volatile.Write(ref _slot, slot);
        _decided = true;
        if (Decided is { } decided) decided(Explanation);
    }

    /// <summary>Disposes the controller.</summary>
    public void Dispose() => _controller.Dispose();
}
