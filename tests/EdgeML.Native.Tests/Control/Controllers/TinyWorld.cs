using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Controllers;

/// <summary>Tasks that cost exactly what a cost model says, over a link whose rate alternates, in the live control loop.</summary>
sealed class TinyWorld(CostModel truth, int seed = 1) : ILinkSource
{
    readonly Random _random = new(seed);
    readonly PathCost[] _paths = new PathCost[truth.Exits];
    LinkSnapshot _link;

    /// <summary>The synthetic network on a fast edge before a faster tail.</summary>
    public static CostModel Model() =>
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.4), SyntheticModel.Samples(300, 2));

    public Requirements Bounds { get; init; } = new(60, 0.3);

    public double HighMbps { get; init; } = 15;

    public double LowMbps { get; init; } = 4;

    /// <summary>Tasks between changes of the rate.</summary>
    public int Period { get; init; } = 300;

    /// <summary>Satisfied tasks of the last run.</summary>
    public List<bool> Satisfied { get; } = [];

    public LinkSnapshot Snapshot() => _link;

    /// <summary>Runs tasks, at most so many epochs, under a controller, which is disposed.</summary>
    /// <returns>The policy in force, task by task.</returns>
    public List<ExitPolicy> Run(IPolicyController controller, int tasks, int epochs = int.MaxValue)
    {
        SetLink(0);
        using var loop = new ControlLoop(controller, this, Bounds, new StoppedClock());
        Satisfied.Clear();
        loop.TaskJudged += (_, satisfied) => Satisfied.Add(satisfied);
        var policies = new List<ExitPolicy>(tasks);
        for (int task = 0; task < tasks && loop.Counters.Decisions <= epochs; task++)
        {
            SetLink(task);
            ExitPolicy policy = loop.Current;
            policies.Add(policy);
            loop.Completed(Execute(task, policy));
        }
        loop.Flush();
        return policies;
    }

    /// <summary>One task; allocates nothing.</summary>
    public TaskRecord Execute(int task, in ExitPolicy policy)
    {
        int sample = _random.Next(truth.Samples.Count);
        int exit = truth.Samples.ExitOf(sample, policy.Thresholds);
        PlanningConditions conditions = PlanningConditions.From(_link);
        truth.Paths(truth.Heads(policy.Thresholds), policy.Cut, conditions, _paths);
        ref readonly PathCost path = ref _paths[exit];
        return new TaskRecord
        {
            TaskId = task,
            TimeSeconds = task * 0.05,
            Policy = policy,
            Exit = exit + 1,
            FirstEntropy = float.NaN,
            LatencyMs = path.LatencyMs,
            EdgeMs = path.EdgeMs,
            WireMs = path.WireMs,
            TailMs = path.TailMs,
            EnergyJ = path.EnergyJ,
            BytesSent = (long)path.Bytes,
            Offloaded = path.Offloaded,
            RateBitsPerSecond = path.Offloaded ? _link.RateBitsPerSecond : double.NaN,
        };
    }

    public void SetLink(int task) => _link = new LinkSnapshot
    {
        Up = true,
        RateBitsPerSecond = 1e6 * (task / Period % 2 == 0 ? HighMbps : LowMbps),
        RttMs = 8,
        TailFactor = 1,
    };

    /// <summary>Decisions take no time here: the measured delay would enter the state.</summary>
    sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
