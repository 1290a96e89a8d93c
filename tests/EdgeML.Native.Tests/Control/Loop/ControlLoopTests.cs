using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Loop;

public class ControlLoopTests
{
    static readonly Requirements s_bounds = new(100, 1);

    sealed class Script(int interval) : IPolicyController
    {
        public string Name => "script";
        public List<Observation> Seen { get; } = [];
        public bool EndInterval { get; set; }
        public DecisionExplanation Explanation => default;

        public ExitPolicy Next(in Observation observation)
        {
            Seen.Add(observation);
            return new ExitPolicy([0f], Seen.Count, interval);
        }

        public bool Completed(in TaskRecord record) => EndInterval;

        public void Dispose()
        {
        }
    }

    sealed class Link : ILinkSource
    {
        public LinkSnapshot Value;
        public LinkSnapshot Snapshot() => Value;
    }

    static TaskRecord Task(long id, in ExitPolicy policy, double latencyMs = 50, double energyJ = 0.5) =>
        new() { TaskId = id, Policy = policy, Exit = 1, LatencyMs = latencyMs, EnergyJ = energyJ, TimeSeconds = id };

    [Fact]
    public void Completed_WholeInterval_AsksForTheNextPolicy()
    {
        var script = new Script(3);
        using var loop = new ControlLoop(script, null, s_bounds);
        var cuts = new List<int>();
        for (int i = 0; i < 9; i++)
        {
            ExitPolicy policy = loop.Current;
            cuts.Add(policy.Cut);
            loop.Completed(Task(i, policy));
        }
        Assert.Equal([1, 1, 1, 2, 2, 2, 3, 3, 3], cuts);
        Assert.Equal([0, 3, 6, 9], script.Seen.Select(seen => seen.Tasks));
        Assert.Equal(4, loop.Counters.Decisions);
        Assert.Equal(3, script.Seen[^1].Executed.Cut);
    }

    [Fact]
    public void Completed_LongerThanTheMost_IsAskedAfterFive()
    {
        var script = new Script(100);
        using var loop = new ControlLoop(script, null, s_bounds);
        for (int i = 0; i < 5; i++) loop.Completed(Task(i, loop.Current));
        Assert.Equal(2, loop.Current.Cut);
    }

    [Fact]
    public void Completed_ControllerWantsIt_EndsTheIntervalEarly()
    {
        var script = new Script(5) { EndInterval = true };
        using var loop = new ControlLoop(script, null, s_bounds);
        loop.Completed(Task(0, loop.Current));
        Assert.Equal(2, loop.Current.Cut);
    }

    [Fact]
    public void Completed_LinkGoesDownOrComesBack_EndsTheInterval()
    {
        var script = new Script(5);
        var link = new Link { Value = new LinkSnapshot { Up = true } };
        using var loop = new ControlLoop(script, link, s_bounds);
        loop.Completed(Task(0, loop.Current));
        Assert.Equal(1, loop.Current.Cut);
        link.Value.Up = false;
        loop.Completed(Task(1, loop.Current));
        Assert.Equal(2, loop.Current.Cut);
        Assert.False(script.Seen[^1].Link.Up);
        link.Value.Up = true;
        loop.Completed(Task(2, loop.Current));
        Assert.Equal(3, loop.Current.Cut);
    }

    [Fact]
    public void Completed_NextTaskGoesToAnotherTail_EndsTheInterval()
    {
        var script = new Script(5);
        var link = new Link { Value = new LinkSnapshot { Up = true } };
        using var loop = new ControlLoop(script, link, s_bounds);
        loop.Completed(Task(0, loop.Current));
        link.Value.Tail = 2;
        loop.Completed(Task(1, loop.Current));
        Assert.Equal(2, loop.Current.Cut);
        Assert.Equal(2, script.Seen[^1].Link.Tail);
        loop.Completed(Task(2, loop.Current));
        Assert.Equal(2, loop.Current.Cut);
    }

    [Fact]
    public async Task Requirements_SetFromAnotherThread_HoldForTheNextTask()
    {
        var script = new Script(5);
        using var loop = new ControlLoop(script, null, s_bounds);
        loop.Completed(Task(0, loop.Current, energyJ: 0.9));
        var tighter = new Requirements(20, 0.5);
        await System.Threading.Tasks.Task.Run(() => loop.Requirements = tighter);
        Assert.Equal(2, loop.Current.Cut);
        Assert.Equal(tighter, script.Seen[^1].Requirements);
        // What came before was spent under other bounds: it burdens neither the observation nor the verdict.
        bool? verdict = null;
        loop.TaskJudged += (_, satisfied) => verdict = satisfied;
        loop.Completed(Task(1, loop.Current, latencyMs: 10, energyJ: 0.4));
        loop.Flush();
        Assert.True(verdict);
    }

    [Fact]
    public void TaskJudged_OwnLatencyAndTheStateIntervalsEnergy_DecideTogether()
    {
        var script = new Script(2);
        using var loop = new ControlLoop(script, null, s_bounds);
        var satisfied = new Dictionary<long, bool>();
        loop.TaskJudged += (task, inside) => satisfied.Add(task, inside);
        double[] latencies = [50, 150, 50, 50, 50, 50, 50, 50];
        double[] energies = [0.5, 0.5, 1.5, 2.5, 0.5, 0.5, 0.2, 0.2];
        for (int i = 0; i < latencies.Length; i++) loop.Completed(Task(i, loop.Current, latencies[i], energies[i]));
        // Task 1 is late. Over three intervals: (.5, .5) then with (1.5, 2.5): mean 1.25, with (.5, .5): 1.0, without the first: .9.
        Assert.Equal([true, false, false, false, true, true, true, true], Enumerable.Range(0, 8).Select(i => satisfied[i]));
        Assert.Equal(5.0 / 8, loop.Counters.Satisfaction, 9);
    }

    [Theory]
    [InlineData(PolicyControllers.Fixed)]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.Ddpg)]
    [InlineData(PolicyControllers.EdgeML)]
    public void Completed_TenThousandTasks_AllocatesNothing(string name)
    {
        var model = new CostModel(SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(200, 1));
        var link = new Link { Value = new LinkSnapshot { Up = true, RateBitsPerSecond = 8e6, RttMs = 10, TailFactor = 1 } };
        IPolicyController controller = PolicyControllers.Create(name, new ControllerContext { Model = model });
        using var loop = new ControlLoop(controller, link, new Requirements(60, 0.3));
        bool inside = false;
        loop.TaskJudged += (_, satisfied) => inside = satisfied;
        var random = new Random(1);
        void Run(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                TaskRecord record = Task(i, loop.Current, 40 + (30 * random.NextDouble()), 0.3);
                record.FirstEntropy = (float)random.NextDouble();
                record.EdgeMs = 30;
                record.RateBitsPerSecond = i % 500 < 250 ? 8e6 : 2e6;
                record.Offloaded = i % 2 == 0;
                link.Value.Up = i % 100 != 0;
                loop.Completed(record);
            }
        }
        Run(0, 500);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(500, name is PolicyControllers.Ddpg or PolicyControllers.EdgeML ? 2_000 : 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(loop.Counters.Decisions > 300);
    }
}
