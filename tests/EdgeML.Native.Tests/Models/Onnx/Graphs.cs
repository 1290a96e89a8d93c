using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>The kinds of network the surgery must handle, each with at least one side exit; 8x8 inputs, five classes.</summary>
static class Graphs
{
    internal static IReadOnlyDictionary<string, Func<OnnxBuilder>> All { get; } = new Dictionary<string, Func<OnnxBuilder>>
    {
        ["chain"] = Chain,
        ["residual"] = Residual,
        ["inception"] = Inception,
        ["dense"] = Dense,
        ["depthwise"] = Depthwise,
        ["squeeze-excite"] = SqueezeExcite,
        ["attention"] = Attention,
        ["dynamic-flatten"] = DynamicFlatten,
        ["shared-flatten"] = SharedFlatten,
        ["softmax"] = Softmax,
        ["before-activation"] = BeforeActivation,
        ["half"] = Half,
        ["two-lanes"] = TwoLanes,
    };

    /// <summary>What only the engine itself can tell the shapes of.</summary>
    internal static IReadOnlyDictionary<string, Func<OnnxBuilder>> Larger { get; } = new Dictionary<string, Func<OnnxBuilder>>
    {
        ["transformer"] = Transformer,
        ["shared-weights"] = SharedWeights,
        ["half-convolutions"] = HalfConvolutions,
    };

    public static TheoryData<string> Names => [.. All.Keys];

    internal static OnnxBuilder Make(string name) => (All.GetValueOrDefault(name) ?? Larger[name])();

    /// <summary>An engine may keep float32 between float16 operators it fuses.</summary>
    internal static float Tolerance(string name, float usual) => name.StartsWith("half", StringComparison.Ordinal) ? 2e-2f : usual;

    static OnnxBuilder Chain()
    {
        var b = new OnnxBuilder(1);
        string x = b.Input("image", -1, 3, 8, 8);
        x = b.Node("Sub", [x, b.Weight([1, 3, 1, 1], [0.5f, 0.4f, 0.3f])]);
        x = b.Node("Div", [x, b.Weight([1, 3, 1, 1], [0.2f, 0.3f, 0.25f])]);
        x = b.MaxPool(b.ConvRelu(x, 3, 8));
        b.Head(x, 8, 5, "exit1");
        x = b.Relu(b.BatchNorm(b.Conv(x, 8, 16), 16));
        x = b.MaxPool(x);
        b.Gemm(b.Relu(b.Gemm(b.Flatten(x), 64, 12)), 12, 5, "exit2");
        x = b.Node("LeakyRelu", [b.Conv(x, 16, 16)]);
        x = b.Relu(b.Gemm(b.Flatten(x), 64, 32));
        b.Gemm(x, 32, 5, "logits");
        b.Output("exit1", "exit2", "logits");
        return b;
    }

    static string Block(OnnxBuilder b, string x, int from, int to, int stride)
    {
        string y = b.BatchNorm(b.Conv(b.Relu(b.BatchNorm(b.Conv(x, from, to, 3, stride), to)), to, to), to);
        string skip = from == to && stride == 1 ? x : b.BatchNorm(b.Conv(x, from, to, 1, stride), to);
        return b.Relu(b.Node("Add", [y, skip]));
    }

    static OnnxBuilder Residual()
    {
        var b = new OnnxBuilder(2);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        x = Block(b, x, 8, 8, 1);
        b.Head(x, 8, 5, "early");
        x = Block(b, x, 8, 16, 2);
        x = Block(b, x, 16, 16, 1);
        b.Head(x, 16, 5, "late");
        b.Output("late", "early");
        return b;
    }

    static OnnxBuilder Inception()
    {
        var b = new OnnxBuilder(3);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        for (int i = 0; i < 2; i++)
        {
            string one = b.Relu(b.Conv(x, 8, 2, 1)), three = b.ConvRelu(b.Relu(b.Conv(x, 8, 2, 1)), 2, 4);
            string pool = b.Node("MaxPool", [x], null, OnnxBuilder.Ints("kernel_shape", 3, 3), OnnxBuilder.Ints("pads", 1, 1, 1, 1));
            pool = b.Relu(b.Conv(pool, 8, 2, 1));
            x = b.Node("Concat", [one, three, pool], null, OnnxBuilder.Int("axis", 1));
            if (i == 0) b.Head(x, 8, 5, "aux");
        }
        b.Head(x, 8, 5, "main");
        b.Output("aux", "main");
        return b;
    }

    static OnnxBuilder Dense()
    {
        var b = new OnnxBuilder(4);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 4);
        for (int block = 0, channels = 4; block < 2; block++)
        {
            for (int layer = 0; layer < 3; layer++, channels += 4)
                x = b.Node("Concat", [x, b.Conv(b.Relu(b.BatchNorm(x, channels)), channels, 4)], null, OnnxBuilder.Int("axis", 1));
            x = b.MaxPool(b.Conv(x, channels, 4, 1));
            channels = 4;
            if (block == 0) b.Head(x, 4, 5, "side");
        }
        b.Head(x, 4, 5, "out");
        b.Output("side", "out");
        return b;
    }

    static OnnxBuilder Depthwise()
    {
        var b = new OnnxBuilder(5);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        for (int i = 0; i < 2; i++)
        {
            string wide = b.Node("Clip", [b.Conv(x, 8, 24, 1), b.Weight([], [0f]), b.Weight([], [6f])]);
            string deep = b.Node("Clip", [b.Conv(wide, 24, 24, 3, 1, 24), b.Weight([], [0f]), b.Weight([], [6f])]);
            x = b.Node("Add", [x, b.Conv(deep, 24, 8, 1)]);
            if (i == 0) b.Head(x, 8, 5, "exit");
        }
        b.Head(x, 8, 5, "final");
        b.Output("exit", "final");
        return b;
    }

    static OnnxBuilder SqueezeExcite()
    {
        var b = new OnnxBuilder(6);
        string x = b.Input("x", 1, 3, 8, 8);
        for (int i = 0, from = 3; i < 3; i++, from = 8)
        {
            string y = b.Conv(x, from, 8);
            y = b.Node("Mul", [y, b.Node("Sigmoid", [y])]); // swish
            string gate = b.Node("Sigmoid", [b.Conv(b.Relu(b.Conv(b.Gap(y), 8, 2, 1)), 2, 8, 1)]);
            x = b.Node("Mul", [y, gate]);
            if (i == 1) b.Head(x, 8, 5, "exit1");
        }
        b.Head(x, 8, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    static OnnxBuilder Attention()
    {
        var b = new OnnxBuilder(7);
        string x = b.Conv(b.Input("x", -1, 3, 8, 8), 3, 16, 3, 2);
        x = b.Node("Transpose", [b.Node("Reshape", [x, b.Integers(1, 16, 16)])], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        for (int i = 0; i < 2; i++)
        {
            string n = b.Node("LayerNormalization", [x, b.Weight(1, 16), b.Weight(0.1, 16)]);
            string q = b.Node("MatMul", [n, b.Weight(0.4, 16, 16)]), k = b.Node("MatMul", [n, b.Weight(0.4, 16, 16)]),
                v = b.Node("MatMul", [n, b.Weight(0.4, 16, 16)]);
            string scores = b.Node("Softmax", [b.Node("MatMul", [q, b.Node("Transpose", [k], null, OnnxBuilder.Ints("perm", 0, 2, 1))])]);
            x = b.Node("Add", [x, b.Node("MatMul", [scores, v])]);
            if (i == 0) b.Gemm(b.Flatten(x), 256, 5, "exit1");
        }
        b.Gemm(b.Flatten(x), 256, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>x.view(x.size(0), -1) as exporters write it: the batch size is read at the input.</summary>
    static OnnxBuilder DynamicFlatten()
    {
        var b = new OnnxBuilder(8);
        string image = b.Input("x", -1, 3, 8, 8);
        string batch = b.Node("Unsqueeze", [b.Node("Gather", [b.Node("Shape", [image]), b.Weight64(0)]), b.Integers(0)]);
        string x = b.MaxPool(b.ConvRelu(image, 3, 8));
        string Flat(string t) => b.Node("Reshape", [t, b.Node("Concat", [batch, b.Integers(-1)], null, OnnxBuilder.Int("axis", 0))]);
        b.Gemm(Flat(x), 128, 5, "exit1");
        x = b.MaxPool(b.ConvRelu(x, 8, 8));
        b.Gemm(Flat(x), 32, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    static OnnxBuilder SharedFlatten()
    {
        var b = new OnnxBuilder(9);
        string x = b.Flatten(b.MaxPool(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8)));
        b.Gemm(x, 128, 5, "exit1");
        b.Gemm(b.Relu(b.Gemm(x, 128, 64)), 64, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    static OnnxBuilder Softmax()
    {
        var b = new OnnxBuilder(10);
        string x = b.MaxPool(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8));
        b.Node("Softmax", [b.Head(x, 8, 5, "scores1")], "exit1");
        x = b.ConvRelu(x, 8, 8);
        b.Node("Softmax", [b.Head(x, 8, 5, "scores2")], "probabilities");
        b.Output("exit1", "probabilities", "scores2");
        return b;
    }

    /// <summary>The head reads in front of the activation, so a boundary must lie there.</summary>
    static OnnxBuilder BeforeActivation()
    {
        var b = new OnnxBuilder(11);
        string x = b.MaxPool(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8));
        x = b.Conv(x, 8, 8);
        b.Head(x, 8, 5, "exit1");
        x = b.ConvRelu(b.Relu(x), 8, 8);
        b.Head(x, 8, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>Two lanes that exchange what they found at every step: between stem and end no tensor crosses alone.</summary>
    static OnnxBuilder TwoLanes()
    {
        var b = new OnnxBuilder(13);
        string x = b.MaxPool(b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8));
        b.Head(x, 8, 5, "exit1");
        (string left, string right) = (b.ConvRelu(x, 8, 8), b.ConvRelu(x, 8, 4));
        for (int step = 0; step < 4; step++)
        {
            string crossed = b.Relu(b.Conv(right, 4, 8, 1));
            right = b.ConvRelu(b.Node("Concat", [right, left], null, OnnxBuilder.Int("axis", 1)), 12, 4);
            left = b.Node("Add", [b.ConvRelu(left, 8, 8), crossed]);
        }
        b.Head(b.Node("Concat", [left, right], null, OnnxBuilder.Int("axis", 1)), 12, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>float16 inside, float32 at the ends.</summary>
    static OnnxBuilder Half()
    {
        var b = new OnnxBuilder(12);
        string Cast(string t, int type) => b.Node("Cast", [t], null, OnnxBuilder.Int("to", type));
        string Weight(params long[] dims) => Cast(b.Weight(0.4, dims), 10);
        string x = Cast(b.Input("x", 1, 48), 10);
        x = b.Relu(b.Node("MatMul", [x, Weight(48, 32)]));
        b.Node("Cast", [b.Node("MatMul", [x, Weight(32, 5)])], "exit1", OnnxBuilder.Int("to", 1));
        x = b.Relu(b.Node("MatMul", [x, Weight(32, 32)]));
        b.Node("Cast", [b.Node("MatMul", [x, Weight(32, 5)])], "logits", OnnxBuilder.Int("to", 1));
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>Patches, a class token, two blocks of two heads with GELU; written in operators of every operator set.</summary>
    static OnnxBuilder Transformer()
    {
        const int Width = 16, Tokens = 17, Heads = 2;
        var b = new OnnxBuilder(14);
        string x = b.Node("Reshape", [b.Conv(b.Input("x", -1, 3, 8, 8), 3, Width, 3, 2), b.Integers(1, Width, Tokens - 1)]);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Node("Concat", [b.Weight(1, 1, 1, Width), x], null, OnnxBuilder.Int("axis", 1));
        x = b.Node("Add", [x, b.Weight(0.5, 1, Tokens, Width)]);
        string Normed(string t)
        {
            string apart = b.Node("Sub", [t, b.Node("ReduceMean", [t], null, OnnxBuilder.Ints("axes", 2))]);
            string variance = b.Node("ReduceMean", [b.Node("Mul", [apart, apart])], null, OnnxBuilder.Ints("axes", 2));
            string deviation = b.Node("Sqrt", [b.Node("Add", [variance, b.Constant(1e-5f)])]);
            return b.Node("Add", [b.Node("Mul", [b.Node("Div", [apart, deviation]), b.Weight(1, Width)]), b.Weight(0.1, Width)]);
        }
        string Dense(string t, int from, int to)
            => b.Node("Add", [b.Node("MatMul", [t, b.Weight(Math.Sqrt(3.0 / from), from, to)]), b.Weight(0.1, to)]);
        string Split(string t, params long[] order) => b.Node(
            "Transpose", [b.Node("Reshape", [Dense(t, Width, Width), b.Integers(1, Tokens, Heads, Width / Heads)])], null,
            OnnxBuilder.Ints("perm", order));
        string Score(string t, string output) => b.Gemm(b.Node("Gather", [Normed(t), b.Weight64(0)], null, OnnxBuilder.Int("axis", 1)),
            Width, 5, output);
        for (int i = 0; i < 2; i++)
        {
            string n = Normed(x);
            string scores = b.Node("Mul", [b.Node("MatMul", [Split(n, 0, 2, 1, 3), Split(n, 0, 2, 3, 1)]), b.Constant(0.3535534f)]);
            string mixed = b.Node("MatMul", [b.Node("Softmax", [scores], null, OnnxBuilder.Int("axis", 3)), Split(n, 0, 2, 1, 3)]);
            mixed = b.Node("Transpose", [mixed], null, OnnxBuilder.Ints("perm", 0, 2, 1, 3));
            x = b.Node("Add", [x, Dense(b.Node("Reshape", [mixed, b.Integers(1, Tokens, Width)]), Width, Width)]);
            string h = Dense(Normed(x), Width, 2 * Width);
            string half = b.Node("Mul", [h, b.Constant(0.5f)]), erf = b.Node("Erf", [b.Node("Mul", [h, b.Constant(0.70710678f)])]);
            h = b.Node("Mul", [half, b.Node("Add", [erf, b.Constant(1)])]);
            x = b.Node("Add", [x, Dense(h, 2 * Width, Width)]);
            if (i == 0) Score(x, "exit1");
        }
        Score(x, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>The same filters in three layers, the same scores' weights in both exits.</summary>
    static OnnxBuilder SharedWeights()
    {
        var b = new OnnxBuilder(15);
        string filters = b.Weight(0.2, 8, 8, 3, 3), bias = b.Weight(0.1, 8), scores = b.Weight(0.5, 5, 8), offsets = b.Weight(0.1, 5);
        string Layer(string t) => b.Relu(b.Node("Conv", [t, filters, bias], null, OnnxBuilder.Ints("pads", 1, 1, 1, 1)));
        string Score(string t, string output) => b.Node("Gemm", [b.Flatten(b.Gap(t)), scores, offsets], output,
            OnnxBuilder.Int("transB", 1));
        string x = Layer(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8));
        Score(x, "exit1");
        Score(Layer(b.MaxPool(Layer(x))), "logits");
        b.Output("exit1", "logits");
        return b;
    }

    /// <summary>As a converter to float16 leaves it: casts at the ends, weights and everything between in half precision.</summary>
    static OnnxBuilder HalfConvolutions()
    {
        var b = new OnnxBuilder(16);
        string x = b.Node("Cast", [b.Input("x", 1, 3, 8, 8)], null, OnnxBuilder.Int("to", 10));
        x = b.MaxPool(b.ConvRelu(x, 3, 8));
        b.Node("Cast", [b.Head(x, 8, 5, "half1")], "exit1", OnnxBuilder.Int("to", 1));
        x = b.ConvRelu(b.ConvRelu(x, 8, 8), 8, 8);
        b.Node("Cast", [b.Head(x, 8, 5, "half2")], "logits", OnnxBuilder.Int("to", 1));
        b.Output("exit1", "logits");
        foreach (Native.Models.Onnx.TensorProto weight in b.Graph.Initializer) FileForms.ToHalf(weight);
        return b;
    }
}
