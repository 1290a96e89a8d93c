using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>Small classifiers with a side exit, drawn from a seed: convolutions of all kinds, sums, products, concatenations, pooling, matrix
/// products.</summary>
static class RandomNetwork
{
    internal static byte[] Make(int seed)
    {
        var random = new Random(seed);
        var b = new OnnxBuilder(seed);
        int channels = 8, size = 16;
        string x = b.ConvRelu(b.Input("image", -1, 3, size, size), 3, channels);
        int blocks = 3 + random.Next(3);
        for (int block = 0; block < blocks; block++)
        {
            (x, channels, size) = Block(b, random, x, channels, size);
            if (block == 1) b.Head(x, channels, 5, "exit1");
        }
        string features = random.Next(2) == 0
            ? b.Flatten(b.Gap(x))
            : b.Flatten(b.Node("AveragePool", [x], null, OnnxBuilder.Ints("kernel_shape", size, size)));
        string hidden = b.Relu(b.Node("Add", [b.Node("MatMul", [features, b.Weight(Math.Sqrt(3.0 / channels), channels, 12)]), b.Weight(0.3, 12)]));
        if (random.Next(2) == 0) b.Gemm(hidden, 12, 5, "logits");
        else b.Node("MatMul", [hidden, b.Weight(0.5, 12, 5)], "logits");
        b.Output("exit1", "logits");
        return b.Bytes;
    }

    static (string X, int Channels, int Size) Block(OnnxBuilder b, Random random, string x, int channels, int size)
    {
        switch (random.Next(8))
        {
            case 0 when size > 4: return (b.MaxPool(b.ConvRelu(x, channels, 2 * channels)), 2 * channels, size / 2);
            case 1: // a residual block, its activation behind the sum
                string sum = b.Node("Add", [b.BatchNorm(b.Conv(b.ConvRelu(x, channels, channels), channels, channels), channels), x]);
                return (b.Relu(sum), channels, size);
            case 2: // depthwise, then pointwise, with a ceiling
                string spatial = Clip(b, b.Conv(x, channels, channels, 3, 1, channels));
                return (Clip(b, b.Conv(spatial, channels, channels, 1)), channels, size);
            case 3:
                string joined = b.Node("Concat", [b.ConvRelu(x, channels, 6), b.Conv(x, channels, 10, 1), x], null, OnnxBuilder.Int("axis", 1));
                return (joined, channels + 16, size);
            case 4: // squeeze and excite
                string gate = b.Node("Sigmoid", [b.Conv(b.Relu(b.Conv(b.Gap(x), channels, 4, 1)), 4, channels, 1)]);
                return (b.Node("Mul", [b.ConvRelu(x, channels, channels), gate]), channels, size);
            case 5 when size > 4:
                string pooled = b.Node("AveragePool", [b.Node("LeakyRelu", [b.Conv(x, channels, channels)])], null,
                    OnnxBuilder.Ints("kernel_shape", 2, 2), OnnxBuilder.Ints("strides", 2, 2));
                return (pooled, channels, size / 2);
            case 6: // an activation without an integer kernel
                string tanh = b.Node("Tanh", [b.Conv(x, channels, channels)]);
                return (b.ConvRelu(b.Node("Identity", [tanh]), channels, channels), channels, size);
            default:
                string scaled = b.Node("Mul", [b.Conv(x, channels, channels), b.Weight(1.5, 1, channels, 1, 1)]);
                return (b.Relu(b.Node("Add", [scaled, b.Weight(0.5, 1, channels, 1, 1)])), channels, size);
        }
    }

    static string Clip(OnnxBuilder b, string x) => b.Node("Clip", [x, b.Weight([], [0f]), b.Weight([], [2f])]);
}
