using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Recurrent layers put the steps of a sequence first; a head's features are the mean over them.</summary>
public sealed class SequenceHeadTests
{
    [Theory]
    [InlineData("forward", 1)]
    [InlineData("bidirectional", 2)]
    public void FeatureModel_BehindALstm_IsTheMeanOverSteps(string direction, int directions)
    {
        const int steps = 7, width = 6, hidden = 4;
        var b = new OnnxBuilder(1);
        string x = b.Node("Transpose", [b.Input("x", 1, steps, width)], null, OnnxBuilder.Ints("perm", 1, 0, 2));
        string y = b.Node("LSTM", [x, b.Weight(0.5, directions, 4 * hidden, width), b.Weight(0.5, directions, 4 * hidden, hidden)], "y",
            OnnxBuilder.Int("hidden_size", hidden),
            new AttributeProto { Name = "direction", Type = 3, S = Google.Protobuf.ByteString.CopyFromUtf8(direction) });
        b.Gemm(b.Flatten(b.Node("Transpose", [y], null, OnnxBuilder.Ints("perm", 2, 0, 1, 3))), steps * directions * hidden, 5, "logits");
        b.Output("logits");
        using var folder = new TemporaryFolder();
        Backbone backbone = Backbone.Load(folder.Write("m.onnx", b.Bytes), null, new PrepareOptions(), new NativeGraphRunner());
        int unit = backbone.Manifest.Cuts.First(c => c.Tensor == "y").K;
        (RangeModel features, int count) = backbone.FeatureModel([new HeadPlan(unit, "y", null, [directions * hidden, 5])]);
        Assert.Equal((directions * hidden) + 5, count);

        using var runs = new NativeRuns();
        float[] input = [.. Enumerable.Range(0, steps * width).Select(i => MathF.Sin(i))];
        b.Graph.Output.Clear();
        b.Output("y");
        float[] made = runs.Run(b.Bytes, null, input)[0], row = runs.Run(features.Onnx, null, input)[0];
        for (int c = 0; c < directions * hidden; c++)
            Assert.Equal(Enumerable.Range(0, steps).Average(s => made[(s * directions * hidden) + c]), row[c], 1e-5f);
    }
}
