using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Learning.Traces;

public sealed class TransitionTraceTests : IDisposable
{
    static readonly CostModel s_model = Model(5);
    static readonly RewardFunction s_reward = new(new RewardOptions(), 3);
    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-trace").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static CostModel Model(double unitMs, int exits = 3) =>
        new(SyntheticModel.Manifest(exits), SyntheticModel.Edge(unitMs, exits), null, SyntheticModel.Samples(100, 2, sideExits: exits));

    string At(string name) => Path.Combine(_folder, name);

    /// <summary>Transitions whose latency is 0.5, 0.6, ... of the bound, energy always half of it.</summary>
    static TransitionTrace Recorded(int transitions, int capacity = 100)
    {
        var trace = new TransitionTrace(capacity);
        trace.Begin(s_model, 3, 5);
        for (int i = 0; i < transitions; i++)
        {
            var seen = new Observation
            {
                LatencyMs = 100 * (0.5 + (0.1 * i)),
                EnergyJ = 0.5,
                MeanExit = 2,
                MeanExitSatisfied = i % 2 == 0 ? 3 : double.NaN,
                Requirements = new Requirements(100, 1),
            };
            float[] state = [(float)((seen.LatencyMs / 100) - 1), -0.5f, 0.25f];
            trace.Add(state, [0, 0.25f, 1, 0.5f, i / 1000f], (float)s_reward.Reward(seen), state, seen);
        }
        return trace;
    }

    /// <summary>Found by fuzzing: it was read as U+FFFD and written as another file.</summary>
    [Fact]
    public void Load_ModelThatIsNoText_IsRefused()
    {
        Recorded(2).Save(At("a.trace"));
        byte[] bytes = File.ReadAllBytes(At("a.trace"));
        // The model's hash follows the head of 64 bytes.
        bytes[64] = 0xff;
        ulong sum = 14695981039346656037;
        foreach (byte value in bytes.AsSpan(0, bytes.Length - 8)) sum = (sum ^ value) * 1099511628211;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - 8), sum);
        File.WriteAllBytes(At("a.trace"), bytes);
        Assert.Contains("no text", Assert.Throws<InvalidDataException>(() => TransitionTrace.Load(At("a.trace"))).Message);
    }

    [Fact]
    public void SaveLoad_RoundTrip_SameTransitionsAndOrigin()
    {
        TransitionTrace trace = Recorded(7);
        trace.Save(At("a.trace"));
        TransitionTrace loaded = TransitionTrace.Load(At("a.trace"));
        Assert.Equal(7, loaded.Count);
        Assert.Equal(trace.Origin, loaded.Origin);
        Assert.Equal(trace.Rows.ToArray(), loaded.Rows.ToArray());
        Assert.Equal(["a.trace"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
        ReplayBuffer read = loaded.Transitions(s_model, 3, 5, s_reward);
        Assert.Equal((7, 0.004f, -0.1f), (read.Count, read.Action(4)[4], read.NextState(4)[0]));
    }

    [Fact]
    public void Add_BeyondTheCapacity_KeepsTheNewest()
    {
        ReplayBuffer kept = Recorded(12, capacity: 5).Transitions(s_model, 3, 5, s_reward);
        Assert.Equal([7, 8, 9, 10, 11], Enumerable.Range(0, 5).Select(i => (int)Math.Round(kept.Action(i)[4] * 1000)).Order());
    }

    [Fact]
    public void Save_NothingRecorded_SaysSoAndLeavesNoFile()
    {
        Assert.Throws<InvalidOperationException>(() => new TransitionTrace().Save(At("none")));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Transitions_DeviceTwiceAsSlow_ScalesLatencyAndEnergyAndTheirReward()
    {
        TransitionTrace trace = Recorded(3);
        ReplayBuffer same = trace.Transitions(s_model, 3, 5, s_reward), slow = trace.Transitions(Model(10), 3, 5, s_reward);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(2 * (same.State(i)[0] + 1), slow.State(i)[0] + 1, 4);
            Assert.Equal(2 * (same.NextState(i)[1] + 1), slow.NextState(i)[1] + 1, 4);
            Assert.Equal(same.NextState(i)[2], slow.NextState(i)[2]);
        }
        // 60 ms of 100 with both bounds held were worth the second task's exits; 120 ms are a fifth too many.
        Assert.Equal(0.75f, same.Reward(0));
        Assert.Equal(-2 / Math.PI * Math.Atan(0.2), slow.Reward(1), 1e-4);
    }

    [Fact]
    public void Transitions_OtherModelOrController_IsRefused()
    {
        TransitionTrace trace = Recorded(3);
        Assert.Contains("5 action numbers", Assert.Throws<ArgumentException>(() => trace.Transitions(s_model, 3, 2, s_reward)).Message);
        Assert.Throws<ArgumentException>(() => trace.Transitions(Model(5, exits: 2), 3, 4, s_reward));
        Assert.Throws<ArgumentException>(() => trace.Begin(s_model, 11, 5));
        var context = new ControllerContext { Model = s_model, SourceTrace = trace };
        Assert.Throws<ArgumentException>(() => PolicyControllers.Create(PolicyControllers.DdpgNonBranch, context));
        using IPolicyController fits = PolicyControllers.Create(PolicyControllers.DdpgFirst, context);
    }

    [Fact]
    public void Load_EveryPrefixAndAnyFlippedByte_IsInvalidInOneLine()
    {
        Recorded(2).Save(At("good"));
        byte[] good = File.ReadAllBytes(At("good"));
        void Refused(byte[] bytes)
        {
            File.WriteAllBytes(At("bad"), bytes);
            string message = Assert.Throws<InvalidDataException>(() => TransitionTrace.Load(At("bad"))).Message;
            Assert.DoesNotContain('\n', message);
            Assert.StartsWith(At("bad"), message);
        }
        for (int length = 0; length < good.Length; length += 3) Refused(good[..length]);
        Refused([.. good, 0]);
        for (int place = 0; place < good.Length; place++)
        {
            byte[] flipped = [.. good];
            flipped[place] ^= 0x81;
            Refused(flipped);
        }
        Assert.Throws<FileNotFoundException>(() => TransitionTrace.Load(At("absent")));
    }

    [Fact]
    public void Pick_Mixed_FollowsTheFadingShare()
    {
        var source = new ReplayBuffer(50, 1, 1);
        for (int i = 0; i < 50; i++) source.Add([1], [1], 1, [1]);
        var mixed = new MixedReplay(new ReplayBuffer(1000, 1, 1), source);
        var random = new SeededRandom(1);
        int[] picked = new int[64];
        int Foreign()
        {
            mixed.Pick(picked, random);
            return picked.Count(index => mixed.Reward(index) == 1);
        }
        Assert.True(mixed.Has(50) && !mixed.Has(51));
        Assert.Equal(64, Foreign());
        void Add(int count)
        {
            for (int i = 0; i < count; i++) mixed.Add([0], [0], 0, [0]);
        }
        Add(10);
        Assert.Equal(54, Foreign());
        Add(140);
        Assert.Equal(16, Foreign());
        Add(150);
        Assert.Equal(0, Foreign());
    }
}
