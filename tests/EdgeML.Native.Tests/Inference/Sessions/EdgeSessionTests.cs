using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Sessions;

public sealed class EdgeSessionTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static TheoryData<string, bool> GraphsAndModes()
    {
        var data = new TheoryData<string, bool>();
        foreach (string name in Graphs.All.Keys)
        {
            data.Add(name, false);
            data.Add(name, true);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(GraphsAndModes))]
    public void Run_AnyCutNoExit_GivesTheWholeModelsLogits(string graph, bool fuse)
    {
        using var loaded = new LoadedGraph(graph, new BackendOptions { Fuse = fuse });
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(7);
        float[] expected = loaded.Reference(input)[^1];
        var logits = new float[loaded.Manifest.Classes];
        for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
        {
            session.Policy = loaded.Policy(0f, cut);
            session.Run(input, logits);
            if (fuse)
            {
                Assert.True(loaded.Model.WaitForFusion(s_patience));
                session.Run(input, logits);
            }
            LoadedGraph.AssertClose(expected, logits, $"{graph} cut {cut}");
        }
    }

    [Theory]
    [MemberData(nameof(GraphsAndModes))]
    public void Run_OneExitAlwaysTaken_GivesThatExitsLogits(string graph, bool fuse)
    {
        using var loaded = new LoadedGraph(graph, new BackendOptions { Fuse = fuse });
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(11);
        float[][] expected = loaded.Reference(input);
        var logits = new float[loaded.Manifest.Classes];
        for (int exit = 1; exit <= loaded.Manifest.SideExits; exit++)
        {
            var thresholds = new float[loaded.Manifest.SideExits];
            thresholds[exit - 1] = 1f;
            for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
            {
                session.Policy = new ExitPolicy(thresholds, cut);
                session.Run(input, logits);
                if (fuse) Assert.True(loaded.Model.WaitForFusion(s_patience));
                var result = session.Run(input, logits);
                Assert.Equal(exit, result.Exit);
                Assert.Equal(Array.IndexOf(logits, logits.Max()), result.Class);
                LoadedGraph.AssertClose(expected[exit - 1], logits, $"{graph} exit {exit} cut {cut}");
            }
        }
    }

    [Fact]
    public void Policy_Set_HoldsFromTheVeryNextTaskAndIsReported()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(1);
        int final = loaded.Manifest.Exits.Count;
        for (int round = 0; round < 20; round++)
        {
            float threshold = round % 2 == 0 ? 1f : 0f;
            var policy = loaded.Policy(threshold, loaded.Manifest.LocalCut - (round % 3));
            session.Policy = policy;
            var result = session.Run(input);
            Assert.Equal(policy, result.Policy);
            Assert.Equal(threshold == 1f ? 1 : final, result.Exit);
            Assert.Equal(round, result.TaskId);
        }
    }

    [Fact]
    public void Fusion_Ready_LeavesOneSession()
    {
        using var loaded = new LoadedGraph("chain");
        using var slot = new InferenceSlot(loaded.Model);
        float[] thresholds = loaded.Policy(float.Epsilon, 0).Thresholds.ToArray();
        var plan = slot.PlanFor(PlanKey.For(loaded.Manifest, 0, loaded.Manifest.LocalCut, thresholds));
        Assert.Equal(loaded.Manifest.Units.Count + loaded.Manifest.SideExits, plan.Stages);
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        slot.Load(loaded.Input(3));
        slot.Run(0, loaded.Manifest.LocalCut, thresholds);
        Assert.Equal(1, plan.Stages);
        using var ranges = new ChainPlan(loaded.Model, slot.Workspace, plan.Key, Fusion.Ranges);
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        slot.Run(ranges, thresholds);
        Assert.Equal(loaded.Manifest.Exits.Count, ranges.Stages);
    }

    [Fact]
    public void Fusion_NoBudget_StaysOnUnitLevelAndStillAnswers()
    {
        using var loaded = new LoadedGraph("chain", new BackendOptions { FusedBudgetBytes = 0 });
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(5);
        var logits = new float[loaded.Manifest.Classes];
        session.Run(input, logits);
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        session.Run(input, logits);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "chain without fusion");
        Assert.Equal(0, loaded.Model.Fused.HeldBytes);
    }

    [Theory]
    [InlineData(TensorEncoding.Float16, 0.02)]
    [InlineData(TensorEncoding.Int8, 0.05)]
    public void Run_SmallerCodec_IsCloseAndSaysNothingWasOffloaded(TensorEncoding codec, double tolerance)
    {
        using var loaded = new LoadedGraph("residual");
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Codec = codec, Policy = loaded.Policy(0f, 1) });
        float[] input = loaded.Input(5);
        float[] expected = loaded.Reference(input)[^1];
        var logits = new float[loaded.Manifest.Classes];
        var result = session.Run(input, logits);
        Assert.False(result.Offloaded || result.Fallback);
        double scale = expected.Max(Math.Abs);
        for (int i = 0; i < logits.Length; i++) Assert.InRange(logits[i], expected[i] - (tolerance * scale), expected[i]
            + (tolerance * scale));
    }

    [Fact]
    public void Run_BytesAndTensor_Agree()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        var bytes = new byte[loaded.Manifest.Input.Elements];
        new Random(3).NextBytes(bytes);
        float[] tensor = [.. bytes.Select(b => b * (float)loaded.Manifest.Input.ByteScale)];
        float[] fromBytes = new float[loaded.Manifest.Classes], fromTensor = new float[loaded.Manifest.Classes];
        session.Run(bytes, fromBytes);
        session.Run(tensor, fromTensor);
        Assert.Equal(fromTensor, fromBytes);
    }

    [Fact]
    public void Run_WrongSizes_OneLineWithTheNumbers()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        int elements = loaded.Manifest.Input.Elements;
        Assert.Contains($"input holds 3 elements, model test takes {elements}",
            Assert.Throws<ArgumentException>(() => session.Run(new float[3])).Message);
        Assert.Contains("room for 2 logits",
            Assert.Throws<ArgumentException>(() => session.Run(new float[elements], new float[2])).Message);
        Assert.Contains("cut 99 is outside", Assert.Throws<ArgumentException>(() => session.Policy = loaded.Policy(0f, 99)).Message);
        Assert.Contains("side exits", Assert.Throws<ArgumentException>(() => session.Policy = new ExitPolicy([], 0)).Message);
        Assert.Equal(loaded.Manifest.Exits.Count, session.Run(new float[elements]).Exit);
    }

    [Fact]
    public void Run_NanInput_NeverExitsEarlyAndIsFlagged()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(1f, loaded.Manifest.LocalCut) });
        float[] input = loaded.Input(1);
        Array.Fill(input, float.NaN);
        var result = session.Run(input);
        Assert.True(result.InvalidLogits);
        Assert.Equal(loaded.Manifest.Exits.Count, result.Exit);
    }

    [Fact]
    public void Recorder_EveryExit_GivesTheWholeModelsClasses()
    {
        using var loaded = new LoadedGraph("residual");
        using var recorder = new ExitRecorder(loaded.Model);
        for (int seed = 0; seed < 5; seed++) recorder.Record(loaded.Input(seed), seed % loaded.Manifest.Classes);
        for (int seed = 0; seed < 5; seed++)
        {
            float[][] expected = loaded.Reference(loaded.Input(seed));
            for (int exit = 1; exit <= expected.Length; exit++)
                Assert.Equal(Array.IndexOf(expected[exit - 1], expected[exit - 1].Max()), recorder.Class(seed, exit));
        }
        var calibration = recorder.ToCalibration("test");
        Assert.True(calibration.Labelled);
        Assert.Equal(5, calibration.Samples);
    }

    [Fact]
    public void Profiler_Measures_EveryUnitAndHead()
    {
        using var loaded = new LoadedGraph("residual");
        var profile = DeviceProfiler.Measure(loaded.Model, "here", runs: 5);
        Assert.Equal(loaded.Manifest.Units.Count, profile.UnitMs.Count);
        Assert.Equal(loaded.Manifest.SideExits, profile.HeadMs.Count);
        Assert.All(profile.UnitMs.Concat(profile.HeadMs), ms => Assert.True(ms > 0));
    }

    [Fact]
    public void Emulation_SlowerDevice_AnswersNoEarlierThanItWould()
    {
        using var loaded = new LoadedGraph("chain");
        var device = DeviceProfiler.Measure(loaded.Model, "here", runs: 3) with
        {
            UnitMs = [.. loaded.Manifest.Units.Select(_ => 2.0)],
            HeadMs = [.. Enumerable.Repeat(1.0, loaded.Manifest.SideExits)]
        };
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Emulation = new DeviceEmulation(device, 50) });
        var result = session.Run(loaded.Input(1));
        Assert.True(result.EdgeMs >= 2.0 * loaded.Manifest.Units.Count, $"{result.EdgeMs} ms");
    }
}
