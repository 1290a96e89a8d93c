using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.Graph;

public sealed class TrunkTests
{
    [Theory]
    [MemberData(nameof(Graphs.Names), MemberType = typeof(Graphs))]
    public void Crossings_AnyGraph_AreTheTensorsWithoutWhichNoPathIsLeft(string name)
    {
        Classifier model = Load(Graphs.All[name]());
        string final = Trunk.Find(model).Final.Logits;

        Assert.Equal(BruteForce(model.Index, model.Input, final), model.Index.Crossings(model.Input, final));
    }

    [Fact]
    public void Crossings_RandomGraphs_AreTheTensorsWithoutWhichNoPathIsLeft()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var b = new OnnxBuilder(seed);
            var made = new List<string> { b.Input("x", 1, 4) };
            for (int n = random.Next(2, 14); n > 0; n--)
            {
                // Reading mostly the last tensors makes graphs that have cuts, now and then an old one makes a skip.
                string Pick() => made[random.Next(4) == 0 ? random.Next(made.Count) : Math.Max(0, made.Count - 1 - random.Next(2))];
                string first = Pick(), second = Pick();
                made.Add(random.Next(2) == 0 ? b.Relu(first) : b.Node("Add", [first, random.Next(4) == 0 ? b.Weight(1, 1, 4) : second]));
            }
            b.Output(made[^1]);
            var index = new GraphIndex(b.Graph);

            Assert.True(BruteForce(index, "x", made[^1]).SequenceEqual(index.Crossings("x", made[^1])), $"seed {seed}");
        }
    }

    [Theory]
    [InlineData("chain", "conv1 maxpool1 conv2 maxpool2 conv3 gemm4 gemm5", "2 4")]
    [InlineData("residual", "conv1 conv2 conv5 conv7 globalaveragepool2 gemm2", "2")]
    [InlineData("inception", "conv1 conv4 conv8 globalaveragepool2 gemm2", "2")]
    [InlineData("depthwise", "conv1 conv3 conv6 globalaveragepool2 gemm2", "2")]
    [InlineData("shared-flatten", "conv1 maxpool1 gemm2 gemm3", "2")]
    [InlineData("dynamic-flatten", "conv1 maxpool1 conv2 maxpool2 gemm2", "2")]
    [InlineData("softmax", "conv1 maxpool1 conv2 globalaveragepool2 gemm2", "2")]
    [InlineData("before-activation", "conv1 maxpool1 conv2 conv3 globalaveragepool2 gemm2", "3")]
    [InlineData("half", "matmul1 matmul3 matmul4", "1")]
    public void Find_KnownGraphs_UnitsEndAfterTheirActivation(string name, string units, string exits)
    {
        ModelManifest manifest = Describe(Graphs.All[name]());

        Assert.Equal(units, string.Join(' ', manifest.Units.Select(u => u.Name)));
        Assert.Equal(exits, string.Join(' ', manifest.Exits.SkipLast(1).Select(e => e.AfterUnit)));
        Assert.Equal(manifest.Units.Count, manifest.Exits[^1].AfterUnit);
    }

    [Fact]
    public void Find_SideExits_AreOrderedByDepthAndFinalIsTheDeepest()
    {
        ModelManifest manifest = Describe(Graphs.All["residual"]());
        Assert.Equal(["early", "late"], manifest.Exits.Select(e => e.Name));
    }

    [Fact]
    public void Find_SoftmaxAtTheEnd_IsLeftOutAndSaid()
    {
        Classifier model = Load(Graphs.All["softmax"]());
        Trunk trunk = Trunk.Find(model);

        Assert.Equal(("probabilities", "scores2"), trunk.Final);
        Assert.Equal("scores1", Assert.Single(trunk.Exits).Logits);
        Assert.Contains(model.Notes, n => n.Contains("'exit1': Softmax left out"));
        Assert.Contains(model.Notes, n => n.Contains("'scores2' left out"));
    }

    [Fact]
    public void Find_ExitThatReadsTwoTrunkTensors_MovesToTheCutThatFeedsBoth()
    {
        var b = new OnnxBuilder();
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        string y = b.ConvRelu(x, 8, 8);
        b.Head(b.Node("Add", [x, y]), 8, 5, "exit1");
        b.Head(b.ConvRelu(y, 8, 8), 8, 5, "logits");
        b.Output("exit1", "logits");
        ModelManifest manifest = Describe(b);

        Assert.Equal(1, manifest.Exits[0].AfterUnit);
        Assert.Equal((8 * 8 * 9 * 64) + 40, manifest.Exits[0].Macs); // the second convolution runs in the head too
        Assert.Equal(2, manifest.Exits[0].Layers);
    }

    [Fact]
    public void Find_ExitFedByTheInputOnly_IsRefused()
    {
        var b = new OnnxBuilder();
        string x = b.Input("x", 1, 3, 8, 8);
        b.Head(x, 3, 5, "exit1");
        b.Head(b.ConvRelu(x, 3, 8), 8, 5, "logits");
        b.Output("exit1", "logits");

        Assert.Equal(
            "exit 'exit1' is not fed by one tensor of the trunk to 'logits'",
            Assert.Throws<InvalidDataException>(() => Describe(b)).Message);
    }

    [Theory]
    [InlineData(null, null, "exit1 exit2 logits")]
    [InlineData("exit1", null, "exit1 logits")]
    [InlineData("exit2,exit1", null, "exit1 exit2 logits")]
    [InlineData("exit1", "exit2", "exit1 exit2")]
    [InlineData("", "exit2", "exit2")]
    [InlineData("", null, "logits")]
    public void Prepare_ChosenOutputs_AreTheExits(string? exits, string? final, string expected)
    {
        using var folder = new TemporaryFolder();
        var options = new PrepareOptions { Exits = exits?.Split(',', StringSplitOptions.RemoveEmptyEntries), Final = final };
        ModelManifest manifest = ModelPreparation
            .Prepare(folder.Write("m.onnx", Graphs.All["chain"]().Bytes), folder["p"], options, new ShapeRunner()).Manifest;

        Assert.Equal(expected, string.Join(' ', manifest.Exits.Select(e => e.Name)));
        ModelPackage.Open(folder["p"]).Dispose();
    }

    [Fact]
    public void Macs_Layers_FollowFromShapes()
    {
        ModelManifest manifest = Describe(Graphs.All["depthwise"]());
        Assert.Equal(
            [3 * 8 * 9 * 64, (8 * 24 * 64) + (24 * 9 * 64) + (24 * 8 * 64), (8 * 24 * 64) + (24 * 9 * 64) + (24 * 8 * 64), 0, 40],
            manifest.Units.Select(u => u.Macs));
        Assert.Equal([192, 2048, 2048, 2048, 32, 0], manifest.Cuts.Select(c => c.Bytes));
        Assert.Equal([8, 8, 8], manifest.Units[1].OutShape);
    }

    [Fact]
    public void Candidates_Dominated_AreLeftOut()
    {
        // bytes 100, 200, 50, 50, 80, 10: cut 1 sends more than cut 2 but earlier, cut 4 as much as cut 3 and later.
        bool[] candidates = CandidateCuts.Choose([5, 5, 5, 5, 5, 5], [30, 100, 200, 50, 50, 80, 0], [5]);
        Assert.Equal([true, true, false, true, false, true, true], candidates);
    }

    [Fact]
    public void Candidates_Many_AreThinnedToEvenSteps()
    {
        long[] macs = [.. Enumerable.Repeat(10L, 200)], bytes = [.. Enumerable.Range(0, 200).Select(i => 1000L - i), 0];
        int[] kept = [.. CandidateCuts.Choose(macs, bytes, []).Select((c, k) => c ? k : -1).Where(k => k >= 0)];

        Assert.Equal(20, kept.Length);
        Assert.Equal((0, 200), (kept[0], kept[^1]));
        Assert.True(kept.Zip(kept.Skip(1), (a, b) => b - a).Max() <= 16, string.Join(' ', kept));
    }

    internal static Classifier Load(OnnxBuilder builder, IReadOnlyList<int>? inputShape = null)
    {
        ModelProto model = OnnxFile.Parse(builder.Bytes, "test.onnx");
        foreach (TensorProto weight in model.Graph.Initializer) WeightData.Normalise(weight);
        return Classifier.From(model, new PrepareOptions { InputShape = inputShape }, new ShapeRunner());
    }

    static ModelManifest Describe(OnnxBuilder builder)
    {
        Classifier model = Load(builder);
        int classes = model.Classes();
        return ManifestBuilder.Build(model, Trunk.Find(model), classes, "test", "sha256:", new PrepareOptions());
    }

    /// <summary>Takes out one tensor after the other and asks whether the output can still be reached.</summary>
    static List<string> BruteForce(GraphIndex index, string input, string output)
    {
        bool[] needed = index.Ancestors([output]);
        var tensors = new List<string> { input };
        for (int n = 0; n < needed.Length; n++)
            if (needed[n] && !index.IsConstant(n)) tensors.AddRange(GraphIndex.Outputs(index.Nodes[n]));
        return [.. tensors.Where(t => Reaches(index, input, output) && !Reaches(index, input, output, without: t))];
    }

    static bool Reaches(GraphIndex index, string input, string output, string? without = null)
    {
        var reached = new HashSet<string>();
        if (input != without) reached.Add(input);
        for (int n = 0; n < index.Nodes.Count; n++)
        {
            if (!index.Reads(n).Any(reached.Contains)) continue;
            foreach (string made in GraphIndex.Outputs(index.Nodes[n]))
                if (made != without) reached.Add(made);
        }
        return reached.Contains(output);
    }
}
