using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Worlds;

/// <summary>Virtual tasks whose policy lets an exit stand by, against the same course in plain loops.</summary>
public class StandbySimulationTests
{
    const double DeadlineMs = 60;

    static readonly ExitCalibration s_samples = SyntheticModel.Samples(500, seed: 4);

    static VirtualWorld World(VirtualLinkTrace link, int tasks) => new()
    {
        Manifest = SyntheticModel.Manifest(),
        Edge = SyntheticModel.Edge(),
        Tail = SyntheticModel.Edge(0.4),
        Samples = s_samples,
        Link = link,
        Bounds = (_, _) => new Requirements(DeadlineMs, double.PositiveInfinity),
        Tasks = tasks,
        DeadlineMs = DeadlineMs,
    };

    static VirtualRun Run(VirtualWorld world, ExitPolicy policy) => new VirtualEdge(world).Run(
        BaselineControllers.Create(PolicyControllers.Fixed, new ControllerContext { Model = world.TrueModel(), FixedPolicy = policy }));

    /// <summary>Gone for a while in every half second, also while a tensor is on its way; the tail is loaded now and then.</summary>
    static VirtualLink Dropping(double seconds, int task) =>
        new(
            (seconds % 0.5) switch { > 0.37043 => 0, > 0.2101 => 4e6, > 0.1503 => 12e6, _ => 60e6 },
            3, task % 3 == 0 ? 2.5 : 1, task % 7 == 0 ? 4 : 0);

    public static TheoryData<float, float, float, int, int> Policies => new()
    {
        { 0f, 0f, 0f, 0, 0 },
        { 0.3f, 0.4f, 0.2f, 3, 0 },
        { 0f, 0f, 0f, 0, 1 },
        { 0f, 0f, 0f, 0, 2 },
        { 0f, 0f, 0f, 0, 3 },
        { 0.3f, 0f, 0.4f, 0, 2 },
        { 0.3f, 0f, 0f, 3, 1 },
        { 0.3f, 0.4f, 0.2f, 3, 3 },
        { 0.2f, 0.3f, 0f, 6, 1 },
        { 0f, 0.3f, 0f, 6, 3 },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public void Run_LinkThatDropsInMidTransfer_CostsWhatPlainLoopsSay(float first, float second, float third, int cut, int standby)
    {
        VirtualWorld world = World(Dropping, 300);
        var policy = new ExitPolicy([first, second, third], cut, standby: standby);
        VirtualRun run = Run(world, policy);
        List<TaskRecord> walked = Walk(world, policy);
        for (int task = 0; task < world.Tasks; task++)
        {
            (TaskRecord record, TaskRecord expected) = (run.Records[task], walked[task]);
            string said = $"task {task} at {record.TimeSeconds}: ";
            Assert.Equal(said + Kind(expected), said + Kind(record));
            Assert.Equal(expected.LatencyMs, record.LatencyMs, 6);
            Assert.Equal(expected.EdgeMs, record.EdgeMs, 6);
            Assert.Equal(expected.StandbyMs, record.StandbyMs, 6);
            Assert.Equal(expected.EnergyJ, record.EnergyJ, 6);
            Assert.Equal(expected.TimeSeconds, record.TimeSeconds, 6);
            Assert.Equal(world.Samples.IsCorrect(world.SampleOf(task), expected.Exit), run.Correct[task]);
        }
        Assert.Contains(run.Records, record => record.Offloaded);
        Assert.Contains(run.Records, record => record.Fallback && record.WireMs > 0);
        Assert.Contains(run.Records, record => record.Fallback && record.WireMs == 0);
        bool isAbandoned = run.Records.Any(record => record.Offloaded && record.StandbyUnits > 0 && !record.StandbyReady);
        Assert.Equal(3 * standby > cut, isAbandoned);
    }

    static string Kind(in TaskRecord record) =>
        $"exit {record.Exit}, offloaded {record.Offloaded}, fallback {record.Fallback}, "
        + $"{record.StandbyUnits} units, ready {record.StandbyReady}";

    /// <summary>The same tasks, from the numbers of the world alone.</summary>
    static List<TaskRecord> Walk(VirtualWorld world, ExitPolicy policy)
    {
        double[] units = [.. world.Edge.UnitMs], heads = [.. world.Edge.HeadMs];
        int[] after = [.. world.Manifest.Exits.Select(exit => exit.AfterUnit)];
        int cut = policy.Cut;
        var records = new List<TaskRecord>();
        double now = 0, measuredAt = double.NegativeInfinity, lateUntil = double.PositiveInfinity;
        bool up = false, upThen = false;
        for (int task = 0; task < world.Tasks; task++)
        {
            void TakeLate(double at)
            {
                if (at < lateUntil) return;
                up = upThen;
                if (upThen) measuredAt = lateUntil;
                lateUntil = double.PositiveInfinity;
            }
            TakeLate(now);
            if (double.IsInfinity(lateUntil) && now - measuredAt >= world.ProbeSeconds)
            {
                up = world.Link(now, task).RateBitsPerSecond > 0;
                if (up) measuredAt = now;
            }
            int sample = world.SampleOf(task), exit = 0;
            while (exit < 3 && !(world.Samples.Entropy(sample, exit + 1) < policy.Thresholds[exit])) exit++;
            bool local = after[exit] <= cut;
            double edgeMs = 0, tailMs = 0, aloneMs = 0;
            for (int unit = 1; unit <= after[exit]; unit++)
            {
                if (unit <= cut) edgeMs += units[unit - 1];
                else tailMs += world.Tail.UnitMs[unit - 1];
                aloneMs += units[unit - 1];
            }
            for (int head = 0; head < 3 && head <= exit; head++)
            {
                if (policy.Thresholds[head] <= 0) continue;
                if (after[head] <= cut) edgeMs += heads[head];
                else tailMs += world.Tail.HeadMs[head];
                aloneMs += heads[head];
            }
            double readyMs = 0;
            int last = policy.Standby == 0 ? 0 : after[policy.Standby - 1];
            for (int unit = cut + 1; unit <= last; unit++) readyMs += units[unit - 1];
            if (last > cut) readyMs += heads[policy.Standby - 1];
            var record = new TaskRecord { Policy = policy, Exit = exit + 1, EdgeMs = edgeMs, LatencyMs = edgeMs };
            double sentAt = now + (edgeMs / 1000), radioMs = 0;
            TakeLate(sentAt);
            void StandBy(double answerMs)
            {
                double ran = 0;
                int done = 0;
                while (cut + done < last && ran < answerMs) ran += units[cut + done++];
                record.StandbyUnits = done;
                record.StandbyReady = ran < answerMs;
                record.StandbyMs = record.StandbyReady ? readyMs : ran;
                record.EdgeMs = edgeMs + record.StandbyMs;
            }
            if (!local && !up)
            {
                record.Fallback = true;
                if (policy.Standby > 0)
                {
                    StandBy(double.PositiveInfinity);
                    record.Exit = policy.Standby;
                }
                else record.EdgeMs = aloneMs;
                record.LatencyMs = record.EdgeMs;
            }
            else if (!local)
            {
                double bytes = world.Manifest.Cuts[cut].Bytes + CostModel.FrameBytes;
                // A hundredth, but at least a millisecond, is for handing the standby exit's answer on.
                double waitMs = Math.Max(0, (policy.Standby > 0 ? DeadlineMs - 1 : DeadlineMs) - edgeMs);
                if (policy.Standby > 0) waitMs = Math.Max(waitMs, readyMs);
                VirtualLink link = world.Link(sentAt, task);
                double sendMs = SendMs(world, sentAt, task, bytes, waitMs + 3000);
                double answerMs = sendMs + link.RttMs + (tailMs * link.TailFactor) + link.TailQueueMs;
                if (answerMs <= waitMs)
                {
                    record.Offloaded = true;
                    radioMs = sendMs;
                    if (policy.Standby > 0) StandBy(answerMs);
                    record.LatencyMs = edgeMs + Math.Max(answerMs, record.StandbyMs);
                }
                else
                {
                    record.Fallback = true;
                    // Sending stops being watched at the next millisecond behind the wait.
                    radioMs = Math.Min(sendMs, waitMs);
                    record.LatencyMs = edgeMs + waitMs;
                    if (policy.Standby > 0)
                    {
                        StandBy(double.PositiveInfinity);
                        record.Exit = policy.Standby;
                    }
                    else
                    {
                        record.EdgeMs = aloneMs;
                        record.LatencyMs = aloneMs + waitMs;
                    }
                    VirtualLink then = world.Link(sentAt + (Math.Min(sendMs, waitMs + 3000) / 1000), task);
                    answerMs = sendMs + then.RttMs + (tailMs * then.TailFactor) + then.TailQueueMs;
                    upThen = answerMs <= waitMs + 3000;
                    lateUntil = sentAt + ((upThen ? answerMs : waitMs + 3000) / 1000);
                    up = false;
                }
            }
            PowerModel power = world.Edge.Power;
            record.EnergyJ = ((power.IdleWatts * record.LatencyMs) + ((power.BusyWatts - power.IdleWatts) * record.EdgeMs)
                + (power.RadioWatts * radioMs)) / 1000;
            now = record.TimeSeconds = now + (record.LatencyMs / 1000);
            if (record.Offloaded) (up, measuredAt) = (true, now);
            records.Add(record);
        }
        return records;
    }

    static double SendMs(VirtualWorld world, double start, int task, double bytes, double limitMs)
    {
        double bits = 8 * bytes;
        for (double seconds = 0; seconds < limitMs / 1000; seconds += 0.001)
        {
            double rate = world.Link(start + seconds, task).RateBitsPerSecond;
            if (rate > 0 && bits / rate <= 0.001) return 1000 * (seconds + (bits / rate));
            bits -= rate * 0.001;
        }
        return double.PositiveInfinity;
    }

    [Theory]
    [InlineData(0, 1, 18)]
    [InlineData(0, 3, 51)]
    [InlineData(3, 2, 34.5)]
    public void Run_TailDeadFromTheStart_AnswersByTheStandbyExitWithoutWaiting(int cut, int standby, double readyMs)
    {
        VirtualWorld world = World((_, _) => new VirtualLink(0, 7), 50);
        VirtualRun run = Run(world, new ExitPolicy([0f, 0f, 0f], cut, standby: standby));
        Assert.All(run.Records, record =>
        {
            Assert.Equal((standby, true, true, 0L), (record.Exit, record.Fallback, record.StandbyReady, record.BytesSent));
            Assert.Equal(readyMs, record.LatencyMs, 6);
            Assert.Equal(readyMs, record.EdgeMs, 6);
            Assert.Equal(s_samples.Entropy((int)record.TaskId, standby), record.FirstEntropy);
        });
        Assert.Equal(Enumerable.Range(0, 50).Select(i => s_samples.IsCorrect(i, standby)), run.Correct);
    }

    [Theory]
    // Thresholds, cut, standby; the exit that the first entropy is of, 0 for none.
    [InlineData(0f, 0f, 0.5f, 12, 0, 3)]
    [InlineData(0.3f, 0f, 0.5f, 12, 0, 2)]
    [InlineData(0.3f, 0f, 0f, 12, 0, 0)]
    [InlineData(0f, 0f, 0.5f, 6, 0, 0)]
    [InlineData(0f, 0f, 0f, 0, 3, 0)]
    public void Run_ExitsThatMustAgree_FirstEntropyIsOfOneThatRanWithTheOthers(float first, float second, float third, int cut, int standby, int exit)
    {
        VirtualWorld world = World((_, _) => new VirtualLink(0, 7), 20) with { Manifest = SyntheticModel.Manifest().WithExitRule(ExitRule.AfterAgreement(2)) };
        VirtualRun run = Run(world, new ExitPolicy([first, second, third], cut, standby: standby));
        Assert.All(run.Records, record =>
            Assert.Equal(exit == 0 ? float.NaN : s_samples.Entropy((int)record.TaskId, exit), record.FirstEntropy));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 3)]
    [InlineData(3, 2)]
    public void Run_LinkOfAnyRate_IsNeverLaterThanTheDeadlineAsLongAsTheStandbyExitFits(int cut, int standby)
    {
        const int seed = 8;
        var random = new Random(seed);
        double[] rates = [.. Enumerable.Range(0, 400).Select(_ => random.Next(4) == 0 ? 0 : 20e6 * random.NextDouble())];
        VirtualLinkTrace link = (seconds, _) => new VirtualLink(rates[(int)(seconds * 20) % rates.Length], 5);
        VirtualWorld world = World(link, 600) with { Jitter = 0.04 };
        VirtualRun run = Run(world, new ExitPolicy([0f, 0f, 0f], cut, standby: standby));
        Assert.All(
            run.Records,
            record => Assert.True(record.LatencyMs <= DeadlineMs, $"seed {seed}, task {record.TaskId}: {record.LatencyMs}"));
        Assert.InRange(run.Records.Count(record => record.Offloaded), 60, 540);
        // Without, every late answer is late.
        VirtualRun without = Run(world, new ExitPolicy([0f, 0f, 0f], cut));
        Assert.Contains(without.Records, record => record.LatencyMs > DeadlineMs + 20);
    }

    [Fact]
    public void Run_SameSeed_SameRun()
    {
        VirtualWorld world = World(Dropping, 300) with { Jitter = 0.05, RttJitterMs = 2, Seed = 6 };
        var policy = new ExitPolicy([0.3f, 0f, 0f], 0, standby: 2);
        VirtualRun first = Run(world, policy), second = Run(world, policy);
        Assert.Equal(first.Records.Select(record => (record.LatencyMs, record.EdgeMs, record.StandbyMs, record.EnergyJ, record.Exit)),
            second.Records.Select(record => (record.LatencyMs, record.EdgeMs, record.StandbyMs, record.EnergyJ, record.Exit)));
        VirtualRun other = Run(world with { Seed = 7 }, policy);
        Assert.NotEqual(first.Records.Select(record => record.LatencyMs), other.Records.Select(record => record.LatencyMs));
    }
}
