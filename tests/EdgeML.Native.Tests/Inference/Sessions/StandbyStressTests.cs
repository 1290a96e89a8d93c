using System.Collections.Concurrent;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Tasks with and without an exit standing by, blocked and awaited, from several threads, on a tail that does anything.</summary>
public sealed class StandbyStressTests(ITestOutputHelper output)
{
    const int Seed = 51423, Threads = 4, Each = 60, Inputs = 8, Final = 3;

    static readonly BackendOptions s_plain = new() { Fuse = false };

    [Fact]
    public void Run_TailThatDropsDelaysAndMixesUp_EveryTaskGetsOneAnswerToItsInput()
    {
        output.WriteLine($"seed {Seed}");
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        float[][] inputs = [.. Enumerable.Range(0, Inputs).Select(loaded.Input)];
        float[][][] expected = [.. inputs.Select(loaded.Reference)];
        using RawTail tail = BadTail(loaded);
        ExitPolicy[] policies =
        [
            loaded.Policy(0f, 0), loaded.Policy(0f, 0).WithStandby(1), loaded.Policy(0f, 1).WithStandby(2),
            new ExitPolicy([1e-30f, 0f], 3, standby: 1), new ExitPolicy([0f, 1f], 0, standby: 1),
        ];
        var choices = new Random(Seed);
        RecordingController? controller = null;
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(tail.Port) with
            {
                FirstBackoff = TimeSpan.FromMilliseconds(1),
                LongestBackoff = TimeSpan.FromMilliseconds(5),
                StallLimit = TimeSpan.FromMilliseconds(30),
            },
            ConnectWait = ModelTail.Patience,
            DeadlineMs = 25,
            InFlight = Threads + 2,
            Profile = Hedged.Device(loaded.Manifest, 1, 0.1),
            CreateController = _ => controller = new RecordingController(() => policies[choices.Next(policies.Length)]),
        });
        var results = new ConcurrentDictionary<long, TaskResult>();
        var failures = new ConcurrentQueue<Exception>();
        Thread[] callers = [.. Enumerable.Range(0, Threads).Select(number => new Thread(() =>
        {
            try
            {
                Call(number);
            }
            catch (Exception e)
            {
                failures.Enqueue(e);
            }
        }))];
        foreach (Thread caller in callers) caller.Start();
        foreach (Thread caller in callers) Assert.True(caller.Join(ModelTail.Patience), $"seed {Seed}: a caller was never answered");
        Assert.Empty(failures);
        Assert.Equal(Threads * Each, results.Count);
        Assert.Equal(Threads * Each, controller!.Records.Select(record => record.TaskId).Distinct().Count());
        int standbys = results.Values.Count(result => result.Standby), offloaded = results.Values.Count(result => result.Offloaded);
        int hedged = results.Values.Count(result => result.Offloaded && result.Policy.Standby > 0);
        output.WriteLine($"{standbys} by a standby exit, {offloaded} by the tail ({hedged} hedged), {tail.Sessions} connections");
        Assert.True(standbys > 0 && hedged > 0, $"seed {Seed}");

        void Call(int number)
        {
            var random = new Random(Seed + number);
            var logits = new float[loaded.Manifest.Classes];
            for (int i = 0; i < Each; i++)
            {
                SpinWait.SpinUntil(() => session.Link.Up, TimeSpan.FromMilliseconds(200));
                int input = random.Next(Inputs);
                TaskResult result = random.Next(2) == 0
                    ? session.Run(inputs[input], logits)
                    : session.RunAsync(inputs[input], logits).AsTask().GetAwaiter().GetResult();
                Assert.True(results.TryAdd(result.TaskId, result), $"task {result.TaskId} was answered twice");
                Assert.True(result.Offloaded ^ result.Fallback);
                int exit = result.Standby ? result.Policy.Standby : result.Policy.Thresholds[1] >= 1f ? 2 : Final;
                Assert.Equal(exit, result.Exit);
                LoadedGraph.AssertClose(expected[input][exit - 1], logits, $"input {input}, {result.Policy} (seed {Seed})");
            }
        }
    }

    /// <summary>Answers most requests at once, some with a later one and in any order, a few never, and ends a connection now and
    /// then.</summary>
    static RawTail BadTail(LoadedGraph loaded)
    {
        var fate = new Random(Seed);
        return ModelTail.Listen(loaded.Model, tail =>
        {
            var held = new List<byte[]>();
            while (true)
            {
                (RequestHeader request, byte[] payload) = tail.Next();
                int what = fate.Next(100);
                if (what < 1) return;
                if (what < 4) continue;
                held.Insert(fate.Next(held.Count + 1), tail.Answer(request, payload));
                if (what < 20) continue;
                foreach (byte[] frame in held) tail.Send(frame);
                held.Clear();
            }
        });
    }
}
