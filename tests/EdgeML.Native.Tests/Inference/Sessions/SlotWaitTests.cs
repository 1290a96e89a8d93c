using System.Diagnostics;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>More callers than slots: what they wait counts from the call on, and closing the session ends their wait.</summary>
public sealed class SlotWaitTests
{
    const double HeldMs = 150;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_NoSlotFree_TheWaitIsInLatencyQueueAndSatisfaction(bool isAsync)
    {
        using var loaded = new LoadedGraph("chain");
        using var meter = new HoldingMeter();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            EnergyMeter = meter,
            Requirements = new Requirements(HeldMs / 2, 1000),
        });
        float[] input = loaded.Input(1);
        Task<TaskResult> first = Task.Run(() => session.Run(input));
        Assert.True(meter.Holds.Wait(s_patience));
        using var calls = new ManualResetEventSlim();
        Task<TaskResult> second = isAsync ? session.RunAsync(input).AsTask() : Task.Factory.StartNew(
            () =>
            {
                calls.Set();
                return session.Run(input);
            }, TaskCreationOptions.LongRunning);
        if (!isAsync) Assert.True(calls.Wait(s_patience));
        // A caller that is not scheduled in this time is not yet waiting; half of it is asked for.
        Thread.Sleep((int)HeldMs);
        Assert.False(second.IsCompleted);
        meter.Release.Set();
        Assert.Equal((0.0, 0.0), ((await first).QueueMs, (await first).SlotMs));
        TaskResult waited = await second;
        Assert.InRange(waited.SlotMs, HeldMs / 2, waited.LatencyMs);
        Assert.Equal(waited.SlotMs, waited.QueueMs);
        Assert.InRange(waited.LatencyMs, waited.SlotMs + waited.EdgeMs, double.MaxValue);
        // It is no longer satisfied, and what the device drew meanwhile was the other task's.
        session.Flush();
        Assert.InRange(session.Control.SatisfiedTasks, 0, 1);
        Assert.InRange(meter.LastMs, 0, waited.LatencyMs - waited.SlotMs + 1);
    }

    [Fact]
    public async Task RunAsync_DeadlinePassesWithoutASlot_IsLateAndNotSent()
    {
        using var loaded = new LoadedGraph("chain");
        using var meter = new HoldingMeter();
        int asked = 0;
        using RawTail tail = ModelTail.Silent(loaded.Model, _ => Interlocked.Increment(ref asked));
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            EnergyMeter = meter,
            Tail = ModelTail.To(tail.Port),
            ConnectWait = ModelTail.Patience,
            DeadlineMs = HeldMs / 2,
        });
        Task<TaskResult> first = Task.Run(() => session.Run(loaded.Input(1)));
        Assert.True(meter.Holds.Wait(s_patience));
        session.Policy = loaded.Policy(0f, 1);
        ValueTask<TaskResult> second = session.RunAsync(loaded.Input(1));
        Thread.Sleep((int)HeldMs);
        meter.Release.Set();
        TaskResult late = await second;
        Assert.Equal((FallbackReason.Late, 0L), (late.FallbackReason, late.BytesSent));
        Assert.Equal(0, asked);
        await first;
    }

    [Fact]
    public async Task RunAsync_NoSlotFree_ControllersAreToldApart()
    {
        using var loaded = new LoadedGraph("chain");
        using var meter = new HoldingMeter();
        var records = new List<TaskRecord>();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            EnergyMeter = meter,
            WarmUp = false,
            CreateController = _ => new NotingController(loaded.Policy(0f, loaded.Manifest.LocalCut), records),
        });
        Task<TaskResult> first = Task.Run(() => session.Run(loaded.Input(1)));
        Assert.True(meter.Holds.Wait(s_patience));
        ValueTask<TaskResult> second = session.RunAsync(loaded.Input(1));
        Thread.Sleep((int)HeldMs);
        meter.Release.Set();
        await first;
        TaskResult result = await second;
        Assert.Equal((result.SlotMs, result.QueueMs, result.LatencyMs), (records[1].SlotMs, records[1].QueueMs, records[1].LatencyMs));
        Assert.Equal(0, records[1].TailQueueMs);
        Assert.InRange(records[1].ServiceMs, 0, result.LatencyMs - (HeldMs / 2));
    }

    [Fact]
    public async Task Dispose_WhileCallersWait_EndsThemWithAClearException()
    {
        const int callers = 60;
        using var loaded = new LoadedGraph("chain");
        using var meter = new HoldingMeter();
        var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { EnergyMeter = meter });
        Task<TaskResult> first = Task.Run(() => session.Run(loaded.Input(1)));
        Assert.True(meter.Holds.Wait(s_patience));
        var ended = new Exception?[callers];
        using var calling = new CountdownEvent(callers);
        Thread[] threads = [.. Enumerable.Range(0, callers).Select(i => new Thread(() =>
        {
            float[] input = loaded.Input(i);
            calling.Signal();
            try
            {
                if (i % 2 == 0) session.Run(input);
                else session.RunAsync(input).AsTask().GetAwaiter().GetResult();
            }
            catch (Exception e)
            {
                ended[i] = e;
            }
        })
        { IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        Assert.True(calling.Wait(s_patience));
        Thread.Sleep(50);
        var closing = new Thread[3];
        for (int i = 0; i < closing.Length; i++) (closing[i] = new Thread(session.Dispose) { IsBackground = true }).Start();
        Thread.Sleep(20);
        meter.Release.Set();
        foreach (Thread thread in threads.Concat(closing)) Assert.True(thread.Join(s_patience), "a caller still waits");
        Assert.Equal(0, (await first).TaskId);
        // One that had a slot before the session was closed has its answer.
        Assert.All(ended.Where(e => e is not null), e => Assert.Contains("EdgeSession", Assert.IsType<ObjectDisposedException>(e).Message, StringComparison.Ordinal));
        Assert.InRange(ended.Count(e => e is not null), callers - 1, callers);
        session.Dispose();
    }

    /// <summary>Holds the first task, and with it its slot, until it is released.</summary>
    sealed class HoldingMeter : IEnergyMeter, IDisposable
    {
        int _tasks;

        public ManualResetEventSlim Holds { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public double LastMs { get; private set; }

        public string Source => "holding";

        public double TaskJoules(double latencyMs, double busyMs, double radioMs)
        {
            LastMs = latencyMs;
            if (Interlocked.Increment(ref _tasks) > 1) return 0;
            Holds.Set();
            Release.Wait(s_patience);
            return 0;
        }

        public void Dispose()
        {
            Holds.Dispose();
            Release.Dispose();
        }
    }

    sealed class NotingController(ExitPolicy policy, List<TaskRecord> records) : IPolicyController
    {
        public string Name => "noting";

        public DecisionExplanation Explanation => default;

        public ExitPolicy Next(in Observation observation) => policy.WithInterval(1);

        public bool Completed(in TaskRecord record)
        {
            lock (records) records.Add(record);
            return false;
        }

        public void Dispose()
        {
        }
    }
}
