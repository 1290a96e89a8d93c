using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>Small networks with random weights whose outputs are no class scores, in the forms that are used for vision and
/// control.</summary>
static class RawNetworks
{
    /// <summary>Their names.</summary>
    internal static readonly string[] All = ["detector", "unet", "two-inputs", "integers", "embedding", "pixels"];

    internal static OnnxBuilder Make(string kind, int seed = 7)
    {
        var b = new OnnxBuilder(seed);
        switch (kind)
        {
            case "detector": Detector(b); break;
            case "unet": UNet(b); break;
            case "two-inputs": TwoInputs(b); break;
            case "integers": Integers(b); break;
            case "embedding":
                string deep = b.ConvRelu(b.ConvRelu(b.Input("image", -1, 3, 16, 16), 3, 8, 2), 8, 16, 2);
                b.Node("LpNormalization", [b.Gemm(b.Flatten(b.Gap(deep)), 16, 64)], "embedding", OnnxBuilder.Int("axis", 1), OnnxBuilder.Int("p", 2));
                b.Output("embedding");
                break;
            default:
                // Pixels as bytes, height, width, channels, as exporters of TensorFlow write detectors.
                b.Graph.Input.Add(OnnxBuilder.Value("pixels", ElementType.UInt8, [-1, 16, 16, 3]));
                string floats = Cast(b, "pixels", ElementType.Float);
                string planes = b.Node("Transpose", [floats], null, OnnxBuilder.Ints("perm", 0, 3, 1, 2));
                b.Node("Identity", [b.Conv(b.ConvRelu(b.ConvRelu(Scaled(b, planes, 1 / 255f), 3, 8), 8, 8, 2), 8, 5)], "heat");
                b.Output("heat");
                break;
        }
        return b;
    }

    /// <summary>Three scales as in YOLO: a backbone, a neck that goes up and down again, and per scale a head whose boxes are decoded; the
    /// scales' maps are outputs, too.</summary>
    static void Detector(OnnxBuilder b)
    {
        string x = Swish(b, b.Conv(b.Input("images", -1, 3, 64, 64), 3, 8, 3, 2));
        x = Swish(b, b.Conv(x, 8, 12, 3, 2));
        string p3 = Residual(b, Swish(b, b.Conv(x, 12, 16, 3, 2)), 16);
        string p4 = Residual(b, Swish(b, b.Conv(p3, 16, 24, 3, 2)), 24);
        string p5 = Residual(b, Swish(b, b.Conv(p4, 24, 32, 3, 2)), 32);
        string up4 = Swish(b, b.Conv(Concat(b, Up(b, p5), p4), 56, 24));
        string up3 = Swish(b, b.Conv(Concat(b, Up(b, up4), p3), 40, 16));
        string down4 = Swish(b, b.Conv(Concat(b, Swish(b, b.Conv(up3, 16, 16, 3, 2)), up4), 40, 24));
        string down5 = Swish(b, b.Conv(Concat(b, Swish(b, b.Conv(down4, 24, 24, 3, 2)), p5), 56, 32));
        List<string> boxes = [], scores = [];
        foreach ((string name, string from, int channels, int side) in new[] { ("small", up3, 16, 8), ("middle", down4, 24, 4), ("large", down5, 32, 2) })
        {
            b.Node("Identity", [b.Conv(from, channels, 9, 1)], name);
            string flat = b.Node("Reshape", [name, b.Integers(1, 9, side * side)]);
            string rows = b.Node("Transpose", [flat], null, OnnxBuilder.Ints("perm", 0, 2, 1));
            boxes.Add(b.Node("Exp", [b.Node("Tanh", [Slice(b, rows, 0, 4)])]));
            scores.Add(b.Node("Sigmoid", [Slice(b, rows, 4, 9)]));
        }
        b.Node("Concat", [.. boxes], "boxes", OnnxBuilder.Int("axis", 1));
        b.Node("Concat", [.. scores], "scores", OnnxBuilder.Int("axis", 1));
        b.Output("boxes", "scores", "small", "middle", "large");
    }

    /// <summary>Four levels with a skip each; the scores of every pixel and its class.</summary>
    static void UNet(OnnxBuilder b)
    {
        string x = b.Input("image", -1, 3, 32, 32);
        int[] channels = [6, 8, 12, 16, 20];
        List<string> skips = [];
        int from = 3;
        for (int level = 0; level < 4; level++)
        {
            x = b.ConvRelu(b.ConvRelu(x, from, channels[level]), channels[level], channels[level]);
            skips.Add(x);
            x = b.MaxPool(x);
            from = channels[level];
        }
        x = b.ConvRelu(b.ConvRelu(x, 16, 20), 20, 20);
        for (int level = 3; level >= 0; level--)
        {
            x = Concat(b, Up(b, x), skips[level]);
            x = b.ConvRelu(x, channels[level + 1] + channels[level], channels[level]);
            x = b.ConvRelu(x, channels[level], channels[level]);
        }
        b.Node("Identity", [b.Conv(x, 6, 4, 1)], "scores");
        b.Node("ArgMax", ["scores"], "labels", OnnxBuilder.Int("axis", 1), OnnxBuilder.Int("keepdims", 0));
        b.Output("scores", "labels");
    }

    /// <summary>A picture, a state and a command of integers that meet in the middle.</summary>
    static void TwoInputs(OnnxBuilder b)
    {
        string image = b.ConvRelu(b.ConvRelu(b.ConvRelu(b.Input("image", -1, 3, 16, 16), 3, 8, 2), 8, 12, 2), 12, 12);
        string state = b.Relu(b.Gemm(b.Relu(b.Gemm(b.Input("state", -1, 6), 6, 16)), 16, 12));
        b.Graph.Input.Add(OnnxBuilder.Value("command", ElementType.Int64, [1, 2]));
        string words = b.Node("Gather", [b.Weight(0.5, 10, 12), "command"]);
        string command = b.Node("ReduceSum", [words, b.Integers(1)], null, OnnxBuilder.Int("keepdims", 0));
        string merged = b.Node("Add", [b.Node("Add", [b.Flatten(b.Gap(image)), state]), command]);
        string rest = b.Relu(b.Gemm(b.Relu(b.Gemm(merged, 12, 24)), 24, 24));
        b.Node("Tanh", [b.Gemm(rest, 24, 4)], "action");
        b.Gemm(rest, 24, 1, "value");
        b.Output("action", "value");
    }

    /// <summary>Outputs of every integer type, with values that no float32 holds.</summary>
    static void Integers(OnnxBuilder b)
    {
        string x = b.Conv(b.ConvRelu(b.ConvRelu(b.Input("image", -1, 3, 8, 8), 3, 8), 8, 8), 8, 5);
        string index = b.Node("ArgMax", [x], null, OnnxBuilder.Int("axis", 1), OnnxBuilder.Int("keepdims", 1));
        string spread = b.Node("Mul", [index, b.Weight64(-1234567890123456789 / 5)]);
        b.Node("Add", [spread, b.Weight64(987654321)], "wide");
        b.Node("Cast", [b.Node("Add", [b.Node("Mul", [index, b.Weight64(-500_000_111)]), b.Weight64(7)])], "narrow", OnnxBuilder.Int("to", ElementType.Int32));
        b.Node("Cast", [b.Node("Mul", [index, b.Weight64(1_000_000_007)])], "positive", OnnxBuilder.Int("to", ElementType.UInt32));
        b.Node("Cast", [index], "small", OnnxBuilder.Int("to", ElementType.UInt8));
        b.Node("Cast", [b.Node("Neg", [index])], "signed", OnnxBuilder.Int("to", ElementType.Int16));
        b.Node("Greater", [index, b.Weight64(2)], "mask");
        b.Node("ReduceMax", [x], "peak", OnnxBuilder.Int("keepdims", 0));
        b.Output("wide", "narrow", "positive", "small", "signed", "mask", "peak");
    }

    static string Cast(OnnxBuilder b, string x, int type) => b.Node("Cast", [x], null, OnnxBuilder.Int("to", type));

    static string Scaled(OnnxBuilder b, string x, float factor) => b.Node("Mul", [x, b.Weight([1], [factor])]);

    static string Swish(OnnxBuilder b, string x) => b.Node("Mul", [x, b.Node("Sigmoid", [x])]);

    static string Residual(OnnxBuilder b, string x, int channels) =>
        b.Node("Add", [x, Swish(b, b.Conv(Swish(b, b.Conv(x, channels, channels, 1)), channels, channels))]);

    static string Up(OnnxBuilder b, string x) =>
        b.Node("Resize", [x, "", b.Weight([4], [1, 1, 2, 2])], null, new AttributeProto { Name = "mode", Type = 3, S = Google.Protobuf.ByteString.CopyFromUtf8("nearest") });

    static string Concat(OnnxBuilder b, params string[] parts) => b.Node("Concat", parts, null, OnnxBuilder.Int("axis", 1));

    static string Slice(OnnxBuilder b, string x, long from, long to) => b.Node("Slice", [x, b.Integers(from), b.Integers(to), b.Integers(2)]);
}
