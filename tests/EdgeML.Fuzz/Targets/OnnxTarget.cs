using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Fuzz.Targets;

/// <summary>ONNX files, up to where the engine would be asked: reading, the check of the graph, freezing, inlining of functions, weights, class
/// names, cuts, writing a package and opening it. The engine itself is outside.</summary>
static class OnnxTarget
{
    public static FuzzTarget Target { get; } = new("onnx", "ONNX files", 5_000, Read, Models)
    {
        MostAllocated = 8 << 20,
        AllocatedPerByte = 4096,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        Split(data);
        string path = ScratchFile.Of("input.onnx", data), folder = Path.Combine(ScratchFile.Folder, "prepared");
        try
        {
            OnnxFile file = OnnxFile.Load(path);
            Again(file);
            ClassNames.FromMetadata(file.Model.MetadataProps.Select(p => KeyValuePair.Create(p.Key, p.Value)), 4, out _);
            foreach (StringStringEntryProto entry in file.Model.MetadataProps) PreprocessingReader.Number(entry.Value);
            ModelPreparation.Prepare(path, folder, new PrepareOptions { Force = true }, new Engine());
        }
        catch (InvalidDataException e)
        {
            FindException.Require(e.Message.Length < 1000 && !e.Message.AsSpan().ContainsAny('\r', '\n'), $"a message is no line: {e.Message}");
            throw;
        }
        Open(folder);
        return true;
    }

    static void Open(string folder)
    {
        try
        {
            using ModelPackage package = ModelPackage.Open(folder);
            package.BuildWhole();
        }
        catch (InvalidDataException e)
        {
            throw new FindException($"a model is prepared, but its package does not open: {e.Message}", e);
        }
    }

    /// <summary>A large file is parsed without its weights; that must make no difference.</summary>
    static void Split(ReadOnlyMemory<byte> data)
    {
        if (OnnxSplit.Of(data.Span) is not { } split) return;
        (ModelProto? whole, ModelProto? rest) = (Parsed(data.Span), Parsed(split.Rest));
        if (whole is null || rest is null)
        {
            FindException.Require(whole is null && rest is null, "a file is an ONNX model only with, or only without, its weights");
            return;
        }
        foreach ((int weight, int offset, int length) in split.Weights)
            rest.Graph.Initializer[weight].RawData = ByteString.CopyFrom(data.Span.Slice(offset, length));
        FindException.Require(whole.Equals(rest), "a file parsed without its weights is another model");
    }

    static ModelProto? Parsed(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    static void Again(OnnxFile file)
    {
        byte[] bytes = file.Model.ToByteArray();
        OnnxFile again;
        try
        {
            again = OnnxFile.Load(ScratchFile.Of("again.onnx", bytes));
        }
        catch (InvalidDataException e)
        {
            throw new FindException($"a file is read, but not as it is written: {e.Message}", e);
        }
        FindException.Require(again.Model.ToByteArray().AsSpan().SequenceEqual(bytes), "a file is read as one model, written and read as another");
    }

    /// <summary>Small models with what files may have.</summary>
    internal static IEnumerable<(string Name, byte[] Bytes)> Models()
    {
        yield return ("small", SmallModel.Onnx());
        yield return ("functions", Functions());
        yield return ("training", Training());
        yield return ("subgraph", Subgraph());
    }

    /// <summary>A function that calls another, with an attribute given by the caller.</summary>
    static byte[] Functions()
    {
        OnnxBuilder builder = Start(out string x);
        string y = builder.Node("Block", [x, builder.Weight(0.5, 4, 4)], null, OnnxBuilder.Int("turn", 1));
        builder.Graph.Node[^1].Domain = "local";
        builder.Gemm(y, 4, 4, "logits");
        OperatorSetIdProto[] sets = [new() { Domain = "", Version = 17 }, new() { Domain = "local", Version = 1 }];
        builder.Model.OpsetImport.Add(sets[1]);
        var inner = new FunctionProto { Domain = "local", Name = "Act", Input = { "a" }, Output = { "b" }, OpsetImport = { sets } };
        inner.Node.Add(new NodeProto { OpType = "Relu", Input = { "a" }, Output = { "b" } });
        var turn = new AttributeProto { Name = "transB", Type = 2, RefAttrName = "turn" };
        var outer = new FunctionProto { Domain = "local", Name = "Block", Input = { "a", "w" }, Output = { "c" }, Attribute = { "turn" }, OpsetImport = { sets } };
        outer.Node.Add(new NodeProto { OpType = "Gemm", Input = { "a", "w" }, Output = { "b" }, Attribute = { turn } });
        outer.Node.Add(new NodeProto { OpType = "Act", Domain = "local", Input = { "b" }, Output = { "c" } });
        builder.Model.Functions.Add(inner);
        builder.Model.Functions.Add(outer);
        return builder.Bytes;
    }

    static byte[] Training()
    {
        OnnxBuilder builder = Start(out string x);
        string mode = builder.Node("Constant", [], null, new AttributeProto { Name = "value", Type = 4, T = new TensorProto { DataType = ElementType.Bool, Int32Data = { 1 } } });
        x = builder.Node("Dropout", [builder.BatchNorm(x, 4), builder.Constant(0.5f), mode]);
        builder.Gemm(x, 4, 4, "logits");
        return builder.Bytes;
    }

    static byte[] Subgraph()
    {
        OnnxBuilder builder = Start(out string x);
        GraphProto Branch(string op)
        {
            var graph = new GraphProto { Name = op, Output = { new ValueInfoProto { Name = "r" } } };
            graph.Node.Add(new NodeProto { OpType = op, Input = { x }, Output = { "r" } });
            return graph;
        }
        string condition = builder.Node("Constant", [], null, new AttributeProto { Name = "value", Type = 4, T = new TensorProto { DataType = ElementType.Bool, RawData = ByteString.CopyFrom(1) } });
        string y = builder.Node("If", [condition], null,
            new AttributeProto { Name = "then_branch", Type = 5, G = Branch("Relu") }, new AttributeProto { Name = "else_branch", Type = 5, G = Branch("Tanh") });
        y = builder.Node("Reshape", [y, builder.Integers(1, 4)]);
        builder.Gemm(y, 4, 4, "logits");
        return builder.Bytes;
    }

    static OnnxBuilder Start(out string x)
    {
        var builder = new OnnxBuilder();
        x = builder.Gemm(builder.Input("input", 1, 4), 4, 4);
        builder.Output("logits");
        return builder;
    }

    /// <summary>Stands where the engine would run the model.</summary>
    sealed class Engine : IGraphRunner
    {
        readonly ShapeRunner _shapes = new();

        [SuppressMessage("Design", "CA1031", Justification = "it is a stand-in: what it does not know, it refuses")]
        public ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep)
        {
            try
            {
                return _shapes.Probe(model, inputs, keep);
            }
            catch (Exception e) when (e is not InvalidDataException)
            {
                throw new InvalidDataException("the engine refuses the model", e);
            }
        }
    }
}
