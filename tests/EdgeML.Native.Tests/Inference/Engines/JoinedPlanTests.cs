using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Plans as one session with gates: every exit, wherever it stands, gives what one session over the whole model gives.</summary>
public sealed class JoinedPlanTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [MemberData(nameof(Graphs.Names), MemberType = typeof(Graphs))]
    public void Run_EveryExitTriedAndOneTaken_GivesThatExitsLogits(string graph)
    {
        using var loaded = new LoadedGraph(graph);
        RunEveryExit(loaded, seeds: 2);
    }

    [Fact]
    public void Run_ShippedModel_GivesTheWholeModelsLogits()
    {
        using var loaded = new LoadedGraph(ShippedModel());
        RunEveryExit(loaded, seeds: 1);
    }

    [Fact]
    public void Run_Vgg16_GivesTheWholeModelsLogits()
    {
        using var loaded = new LoadedGraph(File.ReadAllBytes(SharedData.Require("models/vgg16-cifar10-branched.onnx")));
        RunEveryExit(loaded, seeds: 1);
    }

    [Fact]
    public void Join_ShippedModel_SharesEveryWeightWithOtherPlans()
    {
        using var loaded = new LoadedGraph(ShippedModel());
        int local = loaded.Manifest.LocalCut;
        using Engine all = loaded.Model.Builder.Build(PlanKey.For(loaded.Manifest, 0, local, [0.5f, 0.5f, 0.5f]));
        long copied = loaded.Model.Builder.CopiedBytes;
        Assert.Equal([1, 2, 3], all.Gates.Select(gate => gate.Exit));
        Assert.InRange(all.ResidentBytes, 1, 300_000); // all but small tensors come from shared memory
        Assert.SkipWhen(copied == 0, "ONNX Runtime has no blocked layout on this processor");
        // The dense layers stay in the package's mapped file; filters, which have another layout now, are copied once for all plans.
        IEnumerable<WeightTensor> filters = loaded.Model.Package.BuildWhole().Weights.Where(weight => weight.Dims.Count == 4);
        Assert.InRange(copied, 1, filters.Sum(filter => filter.Bytes));
        foreach (uint tried in new uint[] { 0b101, 0b110, 0b010 }) loaded.Model.Builder.Build(new PlanKey(0, local, tried)).Dispose();
        Assert.Equal(copied, loaded.Model.Builder.CopiedBytes);
    }

    [Fact]
    public void Join_PlanNotMetBefore_AllocatesNextToNothing()
    {
        using var loaded = new LoadedGraph(ShippedModel());
        loaded.Model.Builder.Prepare();
        loaded.Model.Builder.Build(new PlanKey(0, loaded.Manifest.LocalCut, 0b001)).Dispose();
        long before = GC.GetAllocatedBytesForCurrentThread();
        loaded.Model.Builder.Build(new PlanKey(0, loaded.Manifest.LocalCut, 0b111)).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
    }

    [Fact]
    public void Run_NewPolicyBeforeItsSessionIsThere_AnswersAtOnceAndTheSame()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(9);
        float[][] expected = loaded.Reference(input);
        var logits = new float[loaded.Manifest.Classes];
        for (int round = 0; round < 200; round++)
        {
            float[] thresholds = [round % 3 == 1 ? 1f : 1e-30f, round % 3 == 2 ? 1f : 1e-30f];
            session.Policy = new ExitPolicy(thresholds, loaded.Manifest.LocalCut - (round / 3 % 2));
            int exit = round % 3 == 0 ? 3 : round % 3;
            Assert.Equal(exit, session.Run(input, logits).Exit);
            LoadedGraph.AssertClose(expected[exit - 1], logits, $"round {round}");
        }
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        Assert.Null(loaded.Model.Fused.LastRefusal);
    }

    [Fact]
    public void Run_ExitThatEndsInADequantizeLinear_IsDecidedOnItsOwnScores()
    {
        // The gate and the output get a DequantizeLinear each, and the output's may run after the gate: it still holds the last task's.
        using var loaded = new LoadedGraph(QuantisedExit().Bytes);
        using var session = new EdgeSession(loaded.Model);
        float[][] inputs = [.. Enumerable.Range(1, 20).Select(loaded.Input)], right = Answers(loaded.Manifest.Exits[0].AfterUnit);
        Answers(loaded.Manifest.LocalCut);
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        Assert.Equal(right, Answers(loaded.Manifest.LocalCut));
        Assert.Null(loaded.Model.Fused.LastRefusal);

        float[][] Answers(int cut)
        {
            session.Policy = loaded.Policy(1f, cut);
            return [.. inputs.Select(input =>
            {
                var logits = new float[loaded.Manifest.Classes];
                TaskResult result = session.Run(input, logits);
                Assert.Equal((1, Array.IndexOf(logits, logits.Max())), (result.Exit, result.Class));
                return logits;
            })];
        }
    }

    static OnnxBuilder QuantisedExit()
    {
        var b = new OnnxBuilder(21);
        (string, string) Grid(float scale)
        {
            string zero = b.Weight([], [0]);
            b.Graph.Initializer[^1].DataType = 3; // int8
            b.Graph.Initializer[^1].RawData = Google.Protobuf.ByteString.CopyFrom(0);
            return (b.Weight([], [scale]), zero);
        }
        string Pair(string x, float scale, string? output = null)
        {
            (string step, string zero) = Grid(scale);
            return b.Node("DequantizeLinear", [b.Node("QuantizeLinear", [x, step, zero]), step, zero], output);
        }
        string Filters(params long[] dims)
        {
            (string step, string zero) = Grid(0.005f);
            string weight = b.Weight(0, dims);
            b.Graph.Initializer[^1].DataType = 3;
            byte[] whole = new byte[dims.Aggregate((a, d) => a * d)];
            new Random(whole.Length).NextBytes(whole);
            b.Graph.Initializer[^1].RawData = Google.Protobuf.ByteString.CopyFrom(whole);
            return b.Node("DequantizeLinear", [weight, step, zero]);
        }
        string Layer(string x, int from) => Pair(b.Relu(b.Node("Conv", [x, Filters(8, from, 3, 3)])), 0.03f);
        string Head(string x, string output) =>
            Pair(b.Node("Gemm", [b.Flatten(b.Gap(x)), Filters(5, 8)], null, OnnxBuilder.Int("transB", 1)), 0.02f, output);
        string x = Layer(Pair(b.Input("image", 1, 3, 8, 8), 0.01f), 3);
        Head(x, "exit1");
        Head(Layer(x, 8), "logits");
        b.Output("exit1", "logits");
        return b;
    }

    [Fact]
    public void Budget_TooSmallForTheWholePlan_FallsBackToRangesAndUnits()
    {
        using var loaded = new LoadedGraph("chain", new BackendOptions { FusedBudgetBytes = 1 });
        using var session = new EdgeSession(
            loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(1e-30f, loaded.Manifest.LocalCut) });
        float[] input = loaded.Input(2);
        var logits = new float[loaded.Manifest.Classes];
        for (int round = 0; round < 3; round++)
        {
            session.Run(input, logits);
            Assert.True(loaded.Model.WaitForFusion(s_patience));
            LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, $"round {round}");
        }
        Assert.Equal(0, loaded.Model.Fused.HeldBytes);
    }

    static void RunEveryExit(LoadedGraph loaded, int seeds)
    {
        using var slot = new InferenceSlot(loaded.Model);
        int sideExits = loaded.Manifest.SideExits, local = loaded.Manifest.LocalCut;
        for (int seed = 1; seed <= seeds; seed++)
        {
            float[] input = loaded.Input(seed);
            float[][] expected = loaded.Reference(input);
            for (int taken = 1; taken <= sideExits + 1; taken++)
            {
                // The last one is taken whatever its entropy is, the others never.
                var thresholds = new float[sideExits];
                for (int exit = 1; exit <= sideExits; exit++) thresholds[exit - 1] = exit < taken ? 1e-30f : exit == taken ? 2f : 0.5f;
                var plan = slot.PlanFor(PlanKey.For(loaded.Manifest, 0, local, thresholds));
                Assert.True(loaded.Model.WaitForFusion(s_patience));
                for (int again = 0; again < 2; again++) // an ended run leaves nothing behind
                {
                    slot.Load(input);
                    Assert.True(slot.Run(0, local, thresholds));
                    Assert.True(1 == plan.Stages, $"{plan.Stages} sessions: {loaded.Model.Fused.LastRefusal}");
                    Assert.Equal((uint)taken, slot.Result.ExitIndex);
                    var logits = new float[loaded.Manifest.Classes];
                    slot.CopyLogits(logits);
                    LoadedGraph.AssertClose(expected[taken - 1], logits, $"seed {seed}, exit {taken}");
                    Assert.Equal(taken > sideExits ? NativeOutcome.Final : NativeOutcome.Exited, slot.Result.Outcome);
                    for (int exit = 1; exit <= sideExits; exit++) Assert.Equal(exit <= taken, Label(slot, exit) >= 0);
                }
            }
        }
    }

    static unsafe int Label(InferenceSlot slot, int exit) => slot.Result.ExitLabel[exit - 1];

    static byte[] ShippedModel()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "models", "shapes-vgg.onnx");
            if (File.Exists(path)) return File.ReadAllBytes(path);
        }
        throw new FileNotFoundException("models/shapes-vgg.onnx is not above the tests");
    }
}
