using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>ONNX files that are read otherwise than they are written, or that cost far more than they hold: found by fuzzing
/// (tests/EdgeML.Fuzz), or by reading beside it.</summary>
public sealed class HostileModelTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The last of two values counts; the large one was put in its place.</summary>
    [Fact]
    public void OnnxSplit_WeightWithTwoValues_IsLeftToTheParser()
    {
        byte[] tensor = [.. Data(new byte[2000]), .. Data(new byte[4])];
        byte[] graph = [.. Field(5, tensor)];
        Assert.Null(OnnxSplit.Of([.. Field(7, graph)]));
        Assert.Equal(4, ModelProto.Parser.ParseFrom([.. Field(7, graph)]).Graph.Initializer[0].RawData.Length);
        Assert.NotNull(OnnxSplit.Of([.. Field(7, [.. Field(5, [.. Data(new byte[2000])])])]));
    }

    [Fact]
    public void Load_FunctionWithTwoAttributesOfAName_IsRefused()
    {
        OnnxBuilder builder = Calling(new FunctionProto { Node = { new NodeProto { OpType = "Relu", Input = { "a" }, Output = { "b" } } } }, calls: 1);
        builder.Model.Functions[0].AttributeProto.Add([new AttributeProto { Name = "alpha", F = 1 }, new AttributeProto { Name = "alpha", F = 2 }]);
        Refused(builder, "function 'f' has two attributes 'alpha'");
    }

    /// <summary>A body of a megabyte, called a thousand times.</summary>
    [Fact]
    public void Load_LargeFunctionCalledOften_IsRefusedBeforeItIsCopied()
    {
        var values = new TensorProto { DataType = ElementType.Float, Dims = { 1 << 18 }, RawData = ByteString.CopyFrom(new byte[1 << 20]) };
        var constant = new NodeProto { OpType = "Constant", Output = { "c" }, Attribute = { new AttributeProto { Name = "value", Type = 4, T = values } } };
        var function = new FunctionProto { Node = { constant, new NodeProto { OpType = "Relu", Input = { "a" }, Output = { "b" } } } };
        string file = _folder.Write("m.onnx", Calling(function, calls: 1100).Bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<InvalidDataException>(() => OnnxFile.Load(file));
        Assert.Contains("the model's functions make more than 1073741824 bytes", e.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200 << 20);
    }

    /// <summary>The body changes when the first Dropout is frozen, and was looked for by its content.</summary>
    [Fact]
    public void Prepare_FunctionWithTwoActiveDropouts_FreezesBoth()
    {
        var on = new TensorProto { DataType = ElementType.Bool, RawData = ByteString.CopyFrom(1) };
        var function = new FunctionProto
        {
            Node =
            {
                new NodeProto { OpType = "Constant", Output = { "on" }, Attribute = { new AttributeProto { Name = "value", Type = 4, T = on } } },
                new NodeProto { OpType = "Dropout", Input = { "a", "", "on" }, Output = { "m" } },
                new NodeProto { OpType = "Dropout", Input = { "m", "", "on" }, Output = { "b" } },
            },
        };
        // Another operator set than the model's keeps the call, and the body.
        OnnxBuilder builder = Calling(function, calls: 1);
        builder.Model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 16 });
        List<string> notes = [];
        Assert.NotNull(TrainingMode.Freeze(builder.Model, notes));
        Assert.Contains("2 nodes Dropout", Assert.Single(notes));
    }

    /// <summary>Each step doubles a shape.</summary>
    [Fact]
    public void OpenBatch_ShapeThatDoublesAtEveryStep_IsNotComputed()
    {
        var builder = new OnnxBuilder();
        string x = builder.Input("input", 1, 4), shape = builder.Integers(1, 4);
        for (int i = 0; i < 60; i++) shape = builder.Node("Concat", [shape, shape], null, OnnxBuilder.Int("axis", 0));
        builder.Node("Reshape", [x, shape], "y");
        builder.Graph.Output.Add(OnnxBuilder.Value("y", ElementType.Float, [1, 4]));
        var range = new RangeModel(builder.Bytes, x, [1, 4], "y", null, ["y"], []);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.NotNull(OpenBatch.Of(range));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 << 20);
    }

    [Fact]
    public void Rewrites_NodesWithoutInputsOrOutputs_AreLeftAlone()
    {
        var builder = new OnnxBuilder();
        string x = builder.Input("input", 1, 4);
        foreach (string op in (string[])["Constant", "Cast", "Unsqueeze", "Gather", "Expand", "DequantizeLinear", "QuantizeLinear"])
            builder.Graph.Node.Add(new NodeProto { OpType = op });
        foreach (string op in (string[])["Unsqueeze", "Gather"]) builder.Node("Reshape", [x, builder.Node(op, [])]);
        builder.Node("Cast", [x], "y");
        builder.Graph.Output.Add(OnnxBuilder.Value("y", ElementType.Float, [1, 4]));
        var range = new RangeModel(builder.Bytes, x, [1, 4], "y", null, ["y"], []);
        Assert.NotNull(OpenBatch.Of(range));
        Assert.Equal(range.Onnx, PairedRange.Of(range).Onnx);
    }

    /// <summary>Quotients of quotients ended the process when there were enough of them.</summary>
    [Theory]
    [InlineData("1/255", 1 / 255.0)]
    [InlineData("1/2/2", null)]
    [InlineData("1e300/1e-300", null)]
    [InlineData("1/0", null)]
    [InlineData("0/0", null)]
    public void Number_OfMetadata_IsFiniteOrNone(string text, double? number)
    {
        Assert.Equal(number, PreprocessingReader.Number(text));
        Assert.Null(PreprocessingReader.Number(string.Concat(Enumerable.Repeat("1/", 1_000_000)) + "1"));
    }

    [Theory]
    [InlineData("edgeml.mean", "0.5, 0.5", "mean has 2 values, the input 3x8x8 has 3 channels")]
    [InlineData("edgeml.std", "0", "std holds 0, not a positive number")]
    public void Prepare_MetadataThatDoNotFit_AreTheFilesFault(string key, string value, string message)
    {
        var builder = new OnnxBuilder();
        builder.Head(builder.ConvRelu(builder.Input("input", 1, 3, 8, 8), 3, 4), 4, 4, "logits");
        builder.Output("logits");
        builder.Model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        Refused(builder, message);
    }

    /// <summary>The weight was removed with its last reader, and then looked for.</summary>
    [Fact]
    public void Prepare_OutputThatIsAWeightNothingReads_IsLeftOut()
    {
        var builder = new OnnxBuilder();
        builder.Head(builder.ConvRelu(builder.Input("input", 1, 3, 8, 8), 3, 4), 4, 4, "logits");
        builder.Output("logits", builder.Integers(1, 2, 3, 4));
        string file = _folder.Write("m.onnx", builder.Bytes);
        PreparedModel prepared = ModelPreparation.Prepare(file, _folder["p"], null, new ShapeRunner());
        Assert.Equal("logits", Assert.Single(prepared.Manifest.Exits).Name);
        Assert.Contains(prepared.Notes, note => note.Contains("left out", StringComparison.Ordinal));
    }

    [Fact]
    public void Prepare_OutputThatIsTheInput_IsRefused()
    {
        var builder = new OnnxBuilder();
        builder.Input("input", 1, 4);
        // The other one is left out, since it holds no scores.
        builder.Output("input", builder.Node("Cast", ["input"], null, OnnxBuilder.Int("to", ElementType.Int64)));
        Refused(builder, "output 'input' is the input; not a classifier");
    }

    /// <summary>Found by AFL++. Another output keeps the graph a classifier.</summary>
    [Theory]
    [InlineData("Softmax")]
    [InlineData("Log")]
    [InlineData("Reciprocal")]
    [InlineData("Div")]
    public void Prepare_ProbabilitiesOfNothing_AreRefused(string op)
    {
        var builder = new OnnxBuilder();
        builder.Head(builder.ConvRelu(builder.Input("input", 1, 3, 8, 8), 3, 4), 4, 4, "logits");
        builder.Output("logits", builder.Node(op, []));
        string file = _folder.Write("m.onnx", builder.Bytes);
        Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], null, new ShapeRunner()));
    }

    /// <summary>A chain of calls of a function of one input and one output.</summary>
    static OnnxBuilder Calling(FunctionProto function, int calls)
    {
        var builder = new OnnxBuilder();
        string x = builder.Input("input", 1, 4);
        for (int i = 0; i < calls; i++)
        {
            x = builder.Node("f", [x]);
            builder.Graph.Node[^1].Domain = "local";
        }
        builder.Gemm(x, 4, 4, "logits");
        builder.Output("logits");
        (function.Domain, function.Name) = ("local", "f");
        function.Input.Add("a");
        function.Output.Add("b");
        builder.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        builder.Model.Functions.Add(function);
        return builder;
    }

    void Refused(OnnxBuilder builder, string message)
    {
        string file = _folder.Write("m.onnx", builder.Bytes);
        Assert.Contains(
            message, Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], null, new ShapeRunner())).Message);
    }

    static byte[] Data(byte[] bytes) => Field(9, bytes);

    static byte[] Field(int number, byte[] bytes)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(bytes));
        }
        return stream.ToArray();
    }
}
