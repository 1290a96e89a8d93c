using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>Builds small ONNX models. Weights are drawn from a seeded generator and scaled so that activations neither die nor
/// explode.</summary>
sealed class OnnxBuilder(int seed = 1)
{
    readonly Random _random = new(seed);
    readonly Dictionary<string, int> _counts = [];

    internal ModelProto Model { get; } = new()
    {
        IrVersion = 8,
        ProducerName = "edgeml-tests",
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
        Graph = new GraphProto { Name = "g" },
    };

    internal GraphProto Graph => Model.Graph;

    internal byte[] Bytes => Model.ToByteArray();

    /// <summary>An input; a negative dimension is an open one.</summary>
    internal string Input(string name, params long[] dims)
    {
        Graph.Input.Add(Value(name, ElementType.Float, dims));
        return name;
    }

    internal void Output(params string[] names)
    {
        foreach (string name in names) Graph.Output.Add(new ValueInfoProto { Name = name });
    }

    internal string Node(string op, string[] inputs, string? output = null, params AttributeProto[] attributes)
    {
        string name = Fresh(op.ToLowerInvariant());
        output ??= name + "_out";
        Graph.Node.Add(new NodeProto { OpType = op, Name = name, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    internal string Weight(double scale, params long[] dims)
    {
        var values = new float[TensorInfo.Count(dims)];
        for (int i = 0; i < values.Length; i++) values[i] = (float)((_random.NextDouble() - 0.5) * 2 * scale);
        return Weight(dims, values);
    }

    internal string Weight(long[] dims, float[] values)
    {
        string name = Fresh("w");
        Graph.Initializer.Add(
            new TensorProto
            {
                Name = name,
                DataType = ElementType.Float,
                Dims = { dims },
                RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values))
            });
        return name;
    }

    internal string Integers(params long[] values)
    {
        string name = Fresh("i");
        Graph.Initializer.Add(
            new TensorProto { Name = name, DataType = ElementType.Int64, Dims = { values.Length }, Int64Data = { values } });
        return name;
    }

    /// <summary>A node in the middle of the graph that makes a number.</summary>
    internal string Constant(float value)
    {
        var tensor = new TensorProto { DataType = ElementType.Float, FloatData = { value } };
        return Node("Constant", [], null, new AttributeProto { Name = "value", Type = 4, T = tensor });
    }

    internal string Weight64(long scalar)
    {
        string name = Fresh("i");
        Graph.Initializer.Add(new TensorProto { Name = name, DataType = ElementType.Int64, Int64Data = { scalar } });
        return name;
    }

    internal string Conv(string x, int from, int to, int kernel = 3, int stride = 1, int groups = 1)
    {
        string weight = Weight(Math.Sqrt(3.0 * groups / (from * kernel * kernel)), to, from / groups, kernel, kernel);
        int pad = kernel / 2;
        return Node("Conv", [x, weight, Weight(0.1, to)], null,
            Ints("kernel_shape", kernel, kernel), Ints("strides", stride, stride), Ints("pads", pad, pad, pad, pad), Int("group", groups));
    }

    internal string Relu(string x) => Node("Relu", [x]);

    internal string ConvRelu(string x, int from, int to, int stride = 1) => Relu(Conv(x, from, to, 3, stride));

    internal string BatchNorm(string x, int channels) =>
        Node("BatchNormalization",
            [x, Weight(1, channels), Weight(0.2, channels), Weight(0.2, channels),
                Weight([channels], [.. Enumerable.Range(1, channels).Select(i => 0.5f + (i % 3))])]);

    internal string MaxPool(string x) => Node("MaxPool", [x], null, Ints("kernel_shape", 2, 2), Ints("strides", 2, 2));

    internal string Gap(string x) => Node("GlobalAveragePool", [x]);

    internal string Flatten(string x) => Node("Flatten", [x], null, Int("axis", 1));

    internal string Gemm(string x, int from, int to, string? output = null) =>
        Node("Gemm", [x, Weight(Math.Sqrt(3.0 / from), to, from), Weight(0.5, to)], output, Int("transB", 1));

    /// <summary>Global pooling, Flatten, Gemm.</summary>
    internal string Head(string x, int channels, int classes, string output) => Gemm(Flatten(Gap(x)), channels, classes, output);

    internal static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    internal static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = 7, Ints = { values } };

    internal static ValueInfoProto Value(string name, int type, long[] dims)
    {
        var shape = new TensorShapeProto();
        foreach (long dim in dims)
        {
            var dimension = new TensorShapeProto.Types.Dimension();
            if (dim < 0) dimension.DimParam = "n";
            else dimension.DimValue = dim;
            shape.Dim.Add(dimension);
        }
        var tensor = new TypeProto.Types.Tensor { ElemType = type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    string Fresh(string stem)
    {
        int count = _counts[stem] = _counts.GetValueOrDefault(stem) + 1;
        return $"{stem}{count}";
    }
}
