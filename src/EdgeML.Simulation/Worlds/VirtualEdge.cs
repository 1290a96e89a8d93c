using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Worlds;

/// <summary>Runs a controller task by task in virtual time: the live control loop, with computing and link replaced by
/// arithmetic.</summary>
/// <remarks>
/// A transfer in flight sees the rate change. A tail that has not answered at the deadline costs the wait and the rest of the network
/// on the edge. The controller sees measured transfers and probes only. The same world and seed give the same run.
/// </remarks>
public sealed class VirtualEdge
{
    /// <summary>Steps in which a changing rate is followed, seconds.</summary>
    const double StepSeconds = 0.001;

    /// <summary>Tasks between two looks at progress and cancellation.</summary>
    const int ProgressStep = 256;

    readonly VirtualWorld _world;
    readonly CostModel _truth;
    readonly PathCost[] _paths;

    /// <summary>Prepares a world.</summary>
    public VirtualEdge(VirtualWorld world)
    {
        (_world, _truth) = (world, world.TrueModel());
        _paths = new PathCost[_truth.Exits];
    }

    /// <summary>The cost model that knows the world's true times.</summary>
    public CostModel Truth => _truth;

    /// <summary>Runs all tasks under a controller, which is disposed.</summary>
    /// <param name="controller">Chooses the policies.</param>
    /// <param name="progress">Gets the number of tasks done, now and then.</param>
    /// <param name="cancellation">Ends the run with <see cref="OperationCanceledException"/>.</param>
    public VirtualRun Run(IPolicyController controller, Action<int>? progress = null, CancellationToken cancellation = default)
    {
        var client = new VirtualClient(_world);
        bool measured = double.IsNaN(_world.DecisionMs);
        var records = new TaskRecord[_world.Tasks];
        var correct = new bool[_world.Tasks];
        var satisfied = new bool[_world.Tasks];
        var decisions = new List<VirtualDecision>();
        var queue = new VirtualQueue(_world);
        var jitter = new Random(_world.Seed);
        client.Idle();
        using var loop = new ControlLoop(controller, client, _world.Bounds(0, 0), measured ? TimeProvider.System : new VirtualClock());
        loop.TaskJudged += (task, inside) => satisfied[task] = inside;
        DecisionExplanation? decided = null;
        loop.Decided += explanation => decided = explanation;
        double chargedMicros = 0;
        double now = 0;
        for (int task = 0; task < _world.Tasks; task++)
        {
            if (task % ProgressStep == 0)
            {
                cancellation.ThrowIfCancellationRequested();
                progress?.Invoke(task);
            }
            double arrival = queue.Arrival(task);
            if (queue.Refuses(arrival, now))
            {
                records[task] = Lost(task, arrival);
                continue;
            }
            double start = Math.Max(now, arrival);
            queue.Accept(start, arrival);
            (client.Now, client.Task) = (start, task);
            client.Idle();
            Requirements bounds = _world.Bounds(start, task);
            if (bounds != loop.Requirements) loop.Requirements = bounds;
            ExitPolicy policy = loop.Current;
            double delayMs = 0;
            if (decided is { } explanation)
            {
                decisions.Add(new VirtualDecision(task, explanation));
                delayMs = measured ? (loop.DecideMicrosTotal - chargedMicros) / 1000 : _world.DecisionMs;
                chargedMicros = loop.DecideMicrosTotal;
                decided = null;
            }
            TaskRecord record = Execute(task, start + (delayMs / 1000), policy, client, jitter);
            now = record.TimeSeconds;
            record.LatencyMs += delayMs + (_world.Arrivals is null ? 0 : (start - arrival) * 1000);
            correct[task] = _world.Samples.IsCorrect(_world.SampleOf(task), record.Exit);
            records[task] = record;
            loop.Completed(record);
        }
        loop.Flush();
        return new VirtualRun(records, correct, satisfied, loop.Counters, decisions);
    }

    static TaskRecord Lost(int task, double arrival) => new()
    {
        TaskId = task,
        TimeSeconds = arrival,
        LatencyMs = double.NaN,
        FirstEntropy = float.NaN,
        RateBitsPerSecond = double.NaN,
    };

    TaskRecord Execute(int task, double start, in ExitPolicy policy, VirtualClient client, Random random)
    {
        double edgeJitter = 1 + (_world.Jitter * Gaussian(random));
        int sample = _world.SampleOf(task);
        int exit = ExitOf(sample, policy);
        uint heads = _truth.Heads(policy.Thresholds);
        bool local = _world.Manifest.Exits[exit].AfterUnit <= policy.Cut;
        var record = new TaskRecord
        {
            TaskId = task,
            Policy = policy,
            Exit = exit + 1,
            FirstEntropy = FirstEntropy(sample, policy),
            RateBitsPerSecond = double.NaN,
        };
        var asProfiled = PlanningConditions.From(default);
        _truth.Paths(heads, policy.Cut, asProfiled, _paths);
        record.EdgeMs = _paths[exit].EdgeMs * edgeJitter;
        double radioMs = 0;
        client.Now = start + (record.EdgeMs / 1000);
        double standbyMs = !local && policy.Standby > 0 ? (StandbyMs(heads, policy) * edgeJitter) - record.EdgeMs : 0;
        if (local) record.LatencyMs = record.EdgeMs;
        else if (!client.Up) AnswerAlone(ref record, sample, heads, exit, standbyMs, 0, edgeJitter);
        else
        {
            double sendStart = start + (record.EdgeMs / 1000);
            (double bytes, double tailMs) = (_paths[exit].Bytes, _paths[exit].TailMs);
            double deadlineMs = policy.Standby > 0 ? HedgeSchedule.DeadlineMs(_world.DeadlineMs) : _world.DeadlineMs;
            double waitMs = HedgeSchedule.AnswerMs(Math.Max(0, deadlineMs - record.EdgeMs), standbyMs);
            (double sendMs, double sent) = Send(sendStart, task, bytes, waitMs);
            VirtualLink link = _world.Link(sendStart, task);
            record.TailMs = tailMs * link.TailFactor * (1 + (_world.Jitter * Gaussian(random)));
            record.QueueMs = link.TailQueueMs;
            double rttMs = _world.RttJitterMs > 0 ? Math.Max(0, link.RttMs + (_world.RttJitterMs * Gaussian(random))) : link.RttMs;
            record.WireMs = sendMs + rttMs;
            if (sent >= bytes && record.WireMs + record.TailMs + record.QueueMs <= waitMs)
            {
                record.Offloaded = true;
                record.BytesSent = (long)bytes;
                record.RateBitsPerSecond = 8000 * bytes / sendMs;
                double answerMs = record.WireMs + record.TailMs + record.QueueMs, before = record.EdgeMs;
                if (policy.Standby > 0) RunHedge(ref record, sample, standbyMs, answerMs, edgeJitter);
                record.LatencyMs = before + HedgeSchedule.AnswerMs(answerMs, record.StandbyMs);
                radioMs = sendMs;
            }
            else
            {
                record.BytesSent = (long)sent;
                if (sent >= bytes) record.RateBitsPerSecond = 8000 * bytes / sendMs;
                radioMs = Math.Min(sendMs, waitMs);
                (record.TailMs, record.QueueMs, record.WireMs) = (0, 0, waitMs);
                AnswerAlone(ref record, sample, heads, exit, standbyMs, waitMs, edgeJitter);
                if (waitMs > 0) Late(sendStart, task, bytes, waitMs, tailMs, client);
            }
        }
        record.EnergyJ = _truth.Power.Joules(record.LatencyMs, record.EdgeMs, radioMs);
        record.TimeSeconds = start + (record.LatencyMs / 1000);
        client.Now = record.TimeSeconds;
        VirtualLink after = _world.Link(record.TimeSeconds, task);
        if (_world.RttJitterMs > 0 && record.Offloaded)
            after = after with { RttMs = record.WireMs - (8000 * record.BytesSent / record.RateBitsPerSecond) };
        if (record.Offloaded) client.Finished(record.RateBitsPerSecond, after);
        return record;
    }

    /// <summary>The edge answers a task that the tail did not, after a wait: by the standby exit, or by finishing the network.</summary>
    void AnswerAlone(ref TaskRecord record, int sample, uint heads, int exit, double standbyMs, double waitMs, double jitter)
    {
        record.Fallback = true;
        if (record.Policy.Standby > 0)
        {
            record.LatencyMs = record.EdgeMs + HedgeSchedule.AnswerMs(waitMs, standbyMs);
            record.Exit = record.Policy.Standby;
            RunHedge(ref record, sample, standbyMs, double.PositiveInfinity, jitter);
            return;
        }
        record.EdgeMs = LocalMs(heads, exit) * jitter;
        record.LatencyMs = record.EdgeMs + waitMs;
    }

    /// <summary>A request stays on its way even when its answer is no longer waited for.</summary>
    void Late(double sendStart, int task, double bytes, double waitMs, double tailMs, VirtualClient client)
    {
        double limitMs = waitMs + (VirtualClient.StallSeconds * 1000);
        (double sendMs, double sent) = Send(sendStart, task, bytes, limitMs);
        VirtualLink link = _world.Link(sendStart + (sendMs / 1000), task);
        double answerMs = sendMs + link.RttMs + (tailMs * link.TailFactor) + link.TailQueueMs;
        bool comes = sent >= bytes && answerMs <= limitMs;
        client.Late(sendStart + ((comes ? answerMs : limitMs) / 1000), comes ? 8000 * bytes / sendMs : 0, link);
    }

    /// <summary>Runs towards the standby exit, unit by unit, until the tail's answer is seen.</summary>
    void RunHedge(ref TaskRecord record, int sample, double standbyMs, double answerMs, double jitter)
    {
        double ranMs = HedgeSchedule.Of(record.Policy, _world.Manifest).RunUntil(
            0, answerMs, standbyMs, _truth.EdgePrefix, jitter, out record.StandbyUnits, out record.StandbyReady);
        if (record.StandbyReady && float.IsNaN(record.FirstEntropy) && _world.Manifest.ExitRule.Patience == 1)
            record.FirstEntropy = _world.Samples.Entropy(sample, record.Policy.Standby);
        record.StandbyMs = ranMs;
        record.EdgeMs += ranMs;
    }

    /// <summary>When the standby exit is ready.</summary>
    double StandbyMs(uint heads, in ExitPolicy policy)
    {
        var candidate = new CutCandidate(policy.Cut, policy.Bottleneck, policy.Standby);
        _truth.PathTo(heads, _truth.Exits - 1, candidate, PlanningConditions.From(default), out PathCost path);
        return path.StandbyMs;
    }

    double LocalMs(uint heads, int exit)
    {
        _truth.Paths(heads, _world.Manifest.LocalCut, PlanningConditions.From(default), _paths);
        return _paths[exit].EdgeMs;
    }

    (double Ms, double Sent) Send(double start, int task, double bytes, double limitMs)
    {
        // Nothing waits longer than this for a dead link, deadline or not.
        double limit = Math.Min(limitMs, 60_000) / 1000;
        (double elapsed, double sent) = (0, 0);
        while (elapsed < limit)
        {
            double rate = Math.Max(0, _world.Link(start + elapsed, task).RateBitsPerSecond);
            double left = rate > 0 ? (bytes - sent) * 8 / rate : double.PositiveInfinity;
            if (left <= StepSeconds) return ((elapsed + left) * 1000, bytes);
            sent += rate * StepSeconds / 8;
            elapsed += StepSeconds;
        }
        return (elapsed * 1000, sent);
    }

    int ExitOf(int sample, in ExitPolicy policy)
    {
        for (int exit = 0; exit < policy.Exits; exit++)
        {
            if (_world.Samples.Entropy(sample, exit + 1) < policy.Thresholds[exit]) return exit;
        }
        return policy.Exits;
    }

    float FirstEntropy(int sample, in ExitPolicy policy)
    {
        // The tail does not report the entropies of the exits it tries.
        int first = _world.Manifest.ExitRule.FirstTelling(policy.Thresholds);
        return first >= 0 && _truth.AfterUnits[first] <= policy.Cut ? _world.Samples.Entropy(sample, first + 1) : float.NaN;
    }

    static double Gaussian(Random random) =>
        Math.Clamp(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()), -3, 3);

    /// <summary>Decisions take no virtual time and are not measured: the run depends on nothing but world and seed.</summary>
    sealed class VirtualClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
