using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Outputs that are probabilities become logits with the network's own classes and entropies, whatever operators made
/// them.</summary>
public sealed class ProbabilityTests : FileRunTests
{
    [Theory]
    [InlineData("softmax", OutputForm.Softmax, "logits")]
    [InlineData("softmax-reshape", OutputForm.Softmax, "logits")]
    [InlineData("softmax-clip", OutputForm.Softmax, "logits")]
    [InlineData("softmax-transpose", OutputForm.Softmax, "logits")]
    [InlineData("softmax-mul-1", OutputForm.Softmax, "logits")]
    [InlineData("softmax-cast", OutputForm.Softmax, "logits")]
    [InlineData("log-of-softmax", OutputForm.LogSoftmax, "logits")]
    [InlineData("logsoftmax", OutputForm.LogSoftmax, "logits")]
    [InlineData("written-out", OutputForm.Softmax, null)]
    [InlineData("normalised", OutputForm.Softmax, null)]
    [InlineData("mean-of-two", OutputForm.Softmax, null)]
    [InlineData("sigmoid", OutputForm.Sigmoid, "logits")]
    [InlineData("sigmoid-written-out", OutputForm.Sigmoid, "logits")]
    [InlineData("tanh-to-0..1", OutputForm.Sigmoid, null)]
    [InlineData("double-softmax", OutputForm.Softmax, null)]
    [InlineData("logits", OutputForm.Logits, "out")]
    public void Prepare_Output_BecomesLogits(string kind, OutputForm form, string? tensor)
    {
        OnnxBuilder b = Network(kind);
        string file = _folder.Write("m.onnx", b.Bytes);
        PreparedModel prepared = ModelPreparation.Prepare(file, _folder["p"]);
        ExitInfo exit = Assert.Single(prepared.Manifest.Exits);

        Assert.Equal(form, exit.Form);
        if (tensor is not null) Assert.Equal(tensor, exit.Tensor);
        Assert.Equal(form == OutputForm.Logits ? 0 : 1, prepared.Notes.Count);
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using WeightsHandle weights = _runs.Share(package);
        var random = new Random(3);
        for (int round = 0; round < 4; round++)
        {
            float[] image = [.. Enumerable.Range(0, prepared.Manifest.Input.Elements).Select(_ => (float)((random.NextDouble() * 4) - 2))];
            float[] own = _runs.Run(b.Bytes, null, image)[0], logits = _runs.Run(package.BuildWhole().Onnx, weights, image)[0];
            Assert.Equal(5, logits.Length);
            float[] values = OutputForms.Apply(form, logits);
            for (int c = 0; c < own.Length; c++) Assert.Equal(own[c], values[c], 1e-4f);
            Assert.Equal(Array.IndexOf(own, own.Max()), Array.IndexOf(logits, logits.Max()));
        }
    }

    [Theory]
    [InlineData("one-sigmoid")]
    [InlineData("one-sigmoid-written-out")]
    [InlineData("one-hard")]
    public void Prepare_OneScoreOfASigmoid_BecomesTwoClasses(string kind)
    {
        OnnxBuilder b = Network(kind);
        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]);

        Assert.Equal((2, OutputForm.OneSigmoid), (prepared.Manifest.Classes, prepared.Manifest.Exits[0].Form));
        Assert.Contains("becomes two classes", Assert.Single(prepared.Notes));
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using WeightsHandle weights = _runs.Share(package);
        var random = new Random(4);
        for (int round = 0; round < 8; round++)
        {
            float[] image = [.. Enumerable.Range(0, prepared.Manifest.Input.Elements).Select(_ => (float)((random.NextDouble() * 4) - 2))];
            float own = _runs.Run(b.Bytes, null, image)[0][0];
            float[] logits = _runs.Run(package.BuildWhole().Onnx, weights, image)[0];
            Assert.Equal(2, logits.Length);
            Assert.Equal(own, OutputForms.Apply(OutputForm.OneSigmoid, logits)[0], 1e-4f);
            Assert.Equal(own > 0.5f, logits[1] > logits[0]);
        }
    }

    [Theory]
    [InlineData("one-logit", "output 'out' is a single score and no probability within 0..1")]
    [InlineData("softmax-wrong-axis", "output 'out' is float32 1x5x3, not the scores of a classifier")]
    public void Prepare_NoProbability_IsRefused(string kind, string message)
    {
        string file = _folder.Write("m.onnx", Network(kind).Bytes);
        var options = new PrepareOptions { Outputs = OutputKind.Classes };
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], options)).Message);
    }

    /// <summary>Logits that small weights keep within 0..1 are no probabilities.</summary>
    [Fact]
    public void Prepare_SmallLogits_StayLogits()
    {
        var b = new OnnxBuilder(5);
        string x = b.Flatten(b.Gap(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8)));
        b.Node("Gemm", [b.Node("LayerNormalization", [x, b.Weight(0.1, 8)]), b.Weight(0.1, 3, 8), b.Weight([3], [0.3f, 0.5f, 0.6f])], "out",
            OnnxBuilder.Int("transB", 1));
        b.Output("out");
        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]);

        Assert.Equal(OutputForm.Logits, prepared.Manifest.Exits[0].Form);
        Assert.Empty(prepared.Notes);
    }

    /// <summary>A side exit and the final one in different forms.</summary>
    [Fact]
    public void Prepare_ExitsOfDifferentForms_AllBecomeLogits()
    {
        var b = new OnnxBuilder(6);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        b.Node("Sigmoid", [b.Head(x, 8, 5, "side_logits")], "side");
        b.Node("Softmax", [b.Head(b.ConvRelu(b.ConvRelu(x, 8, 8), 8, 8), 8, 5, "main_logits")], "main");
        b.Output("side", "main");
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Manifest;

        Assert.Equal([("side", "side_logits", OutputForm.Sigmoid), ("main", "main_logits", OutputForm.Softmax)],
            manifest.Exits.Select(e => (e.Name, e.Tensor, e.Form)));
        using ModelPackage again = ModelPackage.Open(_folder["p"]);
        Assert.Equal(manifest.Exits, again.Manifest.Exits);
    }

    static OnnxBuilder Network(string kind)
    {
        var b = new OnnxBuilder(7);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        bool one = kind.StartsWith("one-", StringComparison.Ordinal);
        if (kind == "softmax-wrong-axis")
        {
            b.Node("Softmax", [b.Node("Reshape", [b.Head(x, 8, 15, "logits"), b.Integers(1, 5, 3)])], "out", OnnxBuilder.Int("axis", 1));
            b.Output("out");
            return b;
        }
        string z = b.Head(x, 8, one ? 1 : 5, kind is "logits" or "one-logit" ? "out" : "logits");
        string Softmax(string t) => b.Node("Softmax", [t], null, OnnxBuilder.Int("axis", -1));
        string Sigmoid(string t) =>
            b.Node("Div", [b.Constant(1), b.Node("Add", [b.Node("Exp", [b.Node("Neg", [t])]), b.Constant(1)])], "out");
        string Sum(string t) => b.Node("ReduceSum", [t, b.Integers(1)]);
        switch (kind)
        {
            case "softmax": b.Node("Softmax", [z], "out"); break;
            case "softmax-reshape": b.Node("Reshape", [Softmax(z), b.Integers(-1)], "out"); break;
            case "softmax-clip": b.Node("Clip", [Softmax(z), b.Weight([], [1e-7f]), b.Weight([], [0.9999999f])], "out"); break;
            case "softmax-transpose": b.Node("Transpose", [Softmax(z)], "out", OnnxBuilder.Ints("perm", 1, 0)); break;
            case "softmax-mul-1": b.Node("Mul", [Softmax(z), b.Weight([], [1f])], "out"); break;
            case "softmax-cast":
                string wide = b.Node("Cast", [Softmax(z)], null, OnnxBuilder.Int("to", ElementType.Double));
                b.Node("Cast", [wide], "out", OnnxBuilder.Int("to", 1));
                break;
            case "log-of-softmax": b.Node("Log", [Softmax(z)], "out"); break;
            case "logsoftmax": b.Node("LogSoftmax", [z], "out"); break;
            case "written-out":
                string e = b.Node("Exp", [b.Node("Sub", [z, b.Node("ReduceMax", [z], null, OnnxBuilder.Ints("axes", 1))])]);
                b.Node("Div", [e, Sum(e)], "out");
                break;
            case "normalised":
                string squared = b.Node("Add", [b.Node("Mul", [z, z]), b.Weight([], [0.01f])]);
                b.Node("Div", [squared, Sum(squared)], "out");
                break;
            case "mean-of-two":
                string other = Softmax(b.Gemm(b.Flatten(b.Gap(x)), 8, 5));
                b.Node("Mul", [b.Node("Add", [Softmax(z), other]), b.Constant(0.5f)], "out");
                break;
            case "sigmoid" or "one-sigmoid": b.Node("Sigmoid", [z], "out"); break;
            case "sigmoid-written-out" or "one-sigmoid-written-out": Sigmoid(z); break;
            case "tanh-to-0..1":
                b.Node("Add", [b.Node("Mul", [b.Node("Tanh", [z]), b.Constant(0.5f)]), b.Constant(0.5f)], "out");
                break;
            case "one-hard": b.Node("HardSigmoid", [z], "out"); break;
            case "double-softmax":
                b.Node("Softmax", [b.Node("Mul", [Softmax(z), b.Weight([], [3f])])], "out");
                break;
        }
        b.Output("out");
        return b;
    }
}
