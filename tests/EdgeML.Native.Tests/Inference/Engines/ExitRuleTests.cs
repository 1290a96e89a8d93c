using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Chains under every exit rule against the rule's definition.</summary>
public sealed class ExitRuleTests(ITestOutputHelper output)
{
    const int Inputs = 40;

    [Theory]
    [InlineData("entropy", 2)]
    [InlineData("patience:2", 2)]
    [InlineData("patience:3", 3)]
    public void FirstEntropy_OfARun_IsOfAnExitThatRanWithThoseItMustAgreeWith(string rule, int firstOfTwo)
    {
        const float NeverTaken = 1e-9f;
        using var graph = new RuledGraph(rule);
        using var slot = new InferenceSlot(graph.Model);
        float[] all = [NeverTaken, NeverTaken, NeverTaken, NeverTaken];
        for (int seed = 1; seed <= Inputs; seed++)
        {
            slot.Load(graph.Input(seed));
            slot.Run(0, graph.Manifest.LocalCut, all);
            if (slot.Result.ExitIndex <= RuledGraph.SideExits) continue;
            float third = slot.SaidAt(3).Entropy, first = slot.SaidAt(firstOfTwo).Entropy;
            Compare([0, 0, NeverTaken, 0], third);
            Compare([0, NeverTaken, 0, NeverTaken], first);

            void Compare(float[] thresholds, float expected)
            {
                slot.Load(graph.Input(seed));
                slot.Run(0, graph.Manifest.LocalCut, thresholds);
                Assert.Equal(expected, slot.FirstEntropy(thresholds), 1e-4f);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RuledGraph.Rules), MemberType = typeof(RuledGraph))]
    public void Run_CutAnywhere_AnswersByTheRulesDefinition(string rule)
    {
        foreach (bool fuse in (bool[])[false, true])
        {
            using var graph = new RuledGraph(rule, new BackendOptions { Fuse = fuse });
            using var slot = new InferenceSlot(graph.Model);
            int local = graph.Manifest.LocalCut;
            if (fuse)
            {
                RunAll();
                Assert.True(graph.Model.WaitForFusion(TimeSpan.FromMinutes(1)));
            }
            (int compared, HashSet<int> taken) = RunAll();
            output.WriteLine($"{rule}, fused {fuse}: {compared} compared, exits {string.Join(' ', taken.Order())}");
            // Patience of K never answers before exit K.
            Assert.Equal(RuledGraph.SideExits + 1 - (graph.Rule.Patience - 1), taken.Count);
            Assert.InRange(compared, 0.9 * Inputs * RuledGraph.Thresholds.Length, Inputs * RuledGraph.Thresholds.Length);

            (int, HashSet<int>) RunAll()
            {
                (int count, var seen) = (0, new HashSet<int>());
                foreach (float[] thresholds in RuledGraph.Thresholds)
                    for (int seed = 1; seed <= Inputs; seed++)
                    {
                        float[] input = graph.Input(seed);
                        if (graph.Expected(input, thresholds) is not { } expected) continue;
                        count++;
                        seen.Add(expected.Exit);
                        for (int cut = 0; cut <= local; cut++)
                        {
                            slot.Load(input);
                            bool answered = slot.Run(0, cut, thresholds) || slot.Run(cut, local, thresholds);
                            Assert.True(answered);
                            Assert.True(
                                expected == ((int)slot.Result.ExitIndex, slot.Result.Label),
                                $"{rule}, input {seed}, cut {cut}, thresholds {string.Join(' ', thresholds)}: exit {slot.Result.ExitIndex}, class {slot.Result.Label}, expected {expected}");
                        }
                    }
                return (count, seen);
            }
        }
    }

    [Theory]
    [MemberData(nameof(RuledGraph.Rules), MemberType = typeof(RuledGraph))]
    public void Record_EveryExit_PredictsWhereTasksLeave(string rule)
    {
        using var graph = new RuledGraph(rule);
        using var recorder = new ExitRecorder(graph.Model);
        for (int seed = 1; seed <= Inputs; seed++) recorder.Record(graph.Input(seed), label: 0);
        ExitCalibration record = recorder.ToCalibration("inputs");
        Assert.Equal(graph.Rule, record.Rule);
        foreach (float[] thresholds in RuledGraph.Thresholds)
            for (int seed = 1; seed <= Inputs; seed++)
            {
                if (graph.Expected(graph.Input(seed), thresholds) is not { } expected) continue;
                int exit = 1;
                while (exit <= RuledGraph.SideExits && !(record.Entropy(seed - 1, exit) < thresholds[exit - 1])) exit++;
                Assert.Equal(expected.Exit, exit);
                Assert.Equal(expected.Class, recorder.Class(seed - 1, exit));
            }
        // And as a package of entropy would be recorded by this rule.
        if (graph.Rule.Kind == ExitRuleKind.Custom) return;
        using var plain = new RuledGraph("entropy");
        using var other = new ExitRecorder(plain.Model, graph.Rule);
        for (int seed = 1; seed <= Inputs; seed++) other.Record(graph.Input(seed), label: 0);
        for (int sample = 0; sample < Inputs; sample++)
            for (int exit = 1; exit <= RuledGraph.SideExits + 1; exit++) Assert.Equal(record.Entropy(sample, exit), other.Entropy(sample, exit));
    }

    [Fact]
    public void Load_WithoutItsCustomRule_IsRefusedInOneLine()
    {
        using var graph = new RuledGraph("custom:spread");
        string none = Assert.Throws<ArgumentException>(() => BranchedModel.Load(graph.Folder)).Message;
        Assert.Contains("decides about its exits by custom:spread, and no rule of the program is given", none, StringComparison.Ordinal);
        string other = Assert.Throws<ArgumentException>(
            () => BranchedModel.Load(graph.Folder, new BackendOptions { CustomExitRule = new Failing("box") })).Message;
        Assert.Contains("by custom:spread, and the rule 'box' is given", other, StringComparison.Ordinal);
        using var plain = new RuledGraph("margin");
        string unused = Assert.Throws<ArgumentException>(
            () => BranchedModel.Load(plain.Folder, new BackendOptions { CustomExitRule = new Failing("box") })).Message;
        Assert.Contains("the exit rule 'box' is given, and model test decides by margin", unused, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new ExitRecorder(plain.Model, ExitRule.Custom("box")));
    }

    [Fact]
    public void Run_CustomRuleThatThrows_DoesNotExitThereAndIsReportedOnce()
    {
        using var graph = new RuledGraph("custom:failing", custom: new Failing("failing"));
        using var slot = new InferenceSlot(graph.Model);
        for (int seed = 1; seed <= 50; seed++)
        {
            slot.Load(graph.Input(seed));
            Assert.True(slot.Run(0, graph.Manifest.LocalCut, [1, 1, 1, 1]));
            Assert.Equal(3u, slot.Result.ExitIndex);
            unsafe
            {
                Assert.True(float.IsNaN(slot.Result.ExitEntropy[0]));
            }
        }
        Assert.Equal(
            "exit rule: custom:failing failed at exit 1, which did not answer; further failures are not listed (InvalidOperationException: no boxes at exit 1)",
            Assert.Single(graph.Model.ExitRule.Faults.Texts));
    }

    [Theory]
    [InlineData(float.NaN, 5)]
    [InlineData(float.PositiveInfinity, 5)]
    [InlineData(1f, 5)]
    [InlineData(-3f, 1)]
    [InlineData(0.25f, 1)]
    public void Run_CustomRuleOutsideItsRange_IsCutOff(float says, int exit)
    {
        using var graph = new RuledGraph("custom:constant", custom: new Constant(says));
        using var slot = new InferenceSlot(graph.Model);
        slot.Load(graph.Input(1));
        Assert.True(slot.Run(0, graph.Manifest.LocalCut, [1, 1, 1, 1]));
        Assert.Equal((uint)exit, slot.Result.ExitIndex);
        if (exit == 1) Assert.Equal(Math.Max(0, says), slot.Result.Entropy);
    }

    [Theory]
    [MemberData(nameof(RuledGraph.Rules), MemberType = typeof(RuledGraph))]
    public void Run_SteadyState_AllocatesNothing(string rule)
    {
        using var graph = new RuledGraph(rule);
        using var slot = new InferenceSlot(graph.Model);
        float[] input = graph.Input(3), thresholds = [0.6f, 0, 0.6f, 0.6f];
        int local = graph.Manifest.LocalCut;
        void RunAll()
        {
            for (int cut = 0; cut <= local; cut++)
            {
                slot.Load(input);
                if (!slot.Run(0, cut, thresholds)) slot.Run(cut, local, thresholds);
                slot.StreakAt(cut);
            }
        }
        RunAll();
        Assert.True(graph.Model.WaitForFusion(TimeSpan.FromMinutes(1)));
        for (int i = 0; i < 50; i++) RunAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 300; i++) RunAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Prepare_PatienceBeyondTheExits_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("test.onnx", RuledGraph.Network());
        string message = Assert.ThrowsAny<Exception>(
            () => ModelPreparation.Prepare(file, folder["package"], new PrepareOptions { ExitRule = ExitRule.AfterAgreement(5) })).Message;
        Assert.Contains("patience:5 waits for 5 side exits that agree, model test has 4: it would never exit early", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["package"]));
    }

    sealed class Failing(string name) : ICustomExitRule
    {
        public string Name => name;

        public float Uncertainty(int exit, ReadOnlySpan<float> output) =>
            exit == 3 ? 0.5f : throw new InvalidOperationException($"no boxes at exit {exit}");
    }

    sealed class Constant(float says) : ICustomExitRule
    {
        public string Name => "constant";

        public float Uncertainty(int exit, ReadOnlySpan<float> output) => says;
    }
}
