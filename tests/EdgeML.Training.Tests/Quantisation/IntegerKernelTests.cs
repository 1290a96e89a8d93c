using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>This machine's kernels on the largest sums there are, against exact integer arithmetic. Where pairs of products saturated, results
/// would be far off.</summary>
public sealed class IntegerKernelTests(ITestOutputHelper output) : IDisposable
{
    readonly QuantiseRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData(16, 16, 6, 3, 1)]
    [InlineData(64, 32, 5, 3, 1)]
    [InlineData(33, 17, 7, 1, 1)]
    [InlineData(3, 9, 8, 3, 1)]
    [InlineData(24, 24, 6, 3, 24)]
    [InlineData(32, 32, 1, 1, 1)]
    public void Conv_LargestWeightsAndInputs_SumsAreExact(int from, int to, int size, int kernel, int groups)
    {
        var b = new OnnxBuilder(3);
        string x = b.Input("image", 1, from, size, size);
        long[] dims = [to, from / groups, kernel, kernel];
        float[] weights = Extreme((int)TensorInfo.Count(dims), to);
        float[] biases = [.. Enumerable.Range(0, to).Select(c => 0.3f * c)];
        string conv = b.Node("Conv", [x, b.Weight(dims, weights), b.Weight([to], biases)], null, OnnxBuilder.Int("group", groups));
        int side = size - kernel + 1;
        b.Gemm(b.Flatten(conv), to * side * side, 4, "logits");
        b.Output("logits");

        Check(b, conv, (input, made, inputScale, weight) =>
        {
            long[] sums = new long[to * side * side];
            int perGroup = from / groups, outPerGroup = to / groups;
            for (int c = 0; c < to; c++)
                for (int row = 0; row < side; row++)
                    for (int column = 0; column < side; column++)
                    {
                        long sum = made.Biases[c];
                        for (int i = 0; i < perGroup; i++)
                            for (int dy = 0; dy < kernel; dy++)
                                for (int dx = 0; dx < kernel; dx++)
                                {
                                    int channel = (c / outPerGroup * perGroup) + i;
                                    sum += weight((((c * perGroup) + i) * kernel * kernel) + (dy * kernel) + dx)
                                        * (input[(((channel * size) + row + dy) * size) + column + dx] - (long)inputScale.Zero);
                                }
                        sums[(((c * side) + row) * side) + column] = sum;
                    }
            return sums;
        }, weights, to, apart: false, biases, side * side);
    }

    [Theory]
    [InlineData("Gemm", 64, 32)]
    [InlineData("Gemm", 513, 33)]
    [InlineData("MatMul", 64, 32)]
    [InlineData("MatMul", 129, 65)]
    public void Product_LargestWeightsAndInputs_SumsAreExact(string op, int from, int to)
    {
        var b = new OnnxBuilder(4);
        string x = b.Input("features", 1, from);
        bool apart = op == "MatMul";
        float[] rows = Extreme(from * to, to), weights = rows;
        if (apart)
        {
            weights = new float[rows.Length];
            for (int c = 0; c < to; c++)
                for (int i = 0; i < from; i++) weights[(i * to) + c] = rows[(c * from) + i];
        }
        float[] biases = apart ? [] : [.. Enumerable.Range(0, to).Select(c => 0.3f * c)];
        string product = apart
            ? b.Node("MatMul", [x, b.Weight([from, to], weights)])
            : b.Node("Gemm", [x, b.Weight([to, from], weights), b.Weight([to], biases)], null, OnnxBuilder.Int("transB", 1));
        b.Gemm(product, to, 4, "logits");
        b.Output("logits");

        Check(b, product, (input, made, inputScale, weight) =>
        {
            long[] sums = new long[to];
            for (int c = 0; c < to; c++)
            {
                sums[c] = made.Biases[c];
                for (int i = 0; i < from; i++) sums[c] += weight(apart ? (i * to) + c : (c * from) + i) * (input[i] - (long)inputScale.Zero);
            }
            return sums;
        }, weights, to, apart, biases, 1);
    }

    delegate long[] ExactSums(byte[] input, ChannelWeights made, TensorScale scale, Func<int, long> weight);

    void Check(
        OnnxBuilder b, string tensor, ExactSums exact, float[] weights, int channels, bool apart, float[] biases, int perChannel)
    {
        string folder = _run.Prepare(b.Bytes);
        using ModelPackage package = ModelPackage.Open(folder);
        WholeGraph graph = WholeGraph.Of(package, new NativeGraphRunner());
        var plan = new QuantisationPlan(graph, new HashSet<NodeProto>());
        var inputScale = TensorScale.Of(0, 1);
        byte[] integers = new byte[TensorInfo.Count(graph.InputDims)];
        var random = new Random(2);
        for (int i = 0; i < integers.Length; i++) integers[i] = random.Next(6) == 0 ? (byte)random.Next(256) : (byte)255;
        ChannelWeights made = ChannelWeights.Of(weights, channels, apart, biases, inputScale.Scale);
        long[] sums = exact(integers, made, inputScale, i => made.Weights[i]);
        double[] results = [.. sums.Select((sum, i) => sum * (double)inputScale.Scale * made.Scales[i / perChannel])];
        TensorScale outputScale = TensorScale.Of((float)results.Min(), (float)results.Max());
        ModelProto model = GraphRewriter.Write(graph, plan, name => name == graph.Input ? inputScale : outputScale);
        string integersOut = model.Graph.Node.Single(n => n.OpType == "QuantizeLinear" && n.Input[0] == tensor).Output[0];
        // Behind it, as floats; the network goes on, so that the layer has its integer kernel.
        model.Graph.Node.Add(new NodeProto
        {
            OpType = "Cast",
            Name = "seen",
            Input = { integersOut },
            Output = { "seen" },
            Attribute = { OnnxBuilder.Int("to", ElementType.Float) },
        });
        using var session = new GraphSession(model, graph, ["seen"], [sums.Length]);
        float[] got = [];
        session.Run(Array.ConvertAll(integers, x => x * inputScale.Scale), (_, values) => got = values.ToArray());

        output.WriteLine($"{IntegerInstructions.Name}: sums {sums.Min()}..{sums.Max()}, weights {made.Weights.Min()}..{made.Weights.Max()}");
        for (int i = 0; i < got.Length; i++)
        {
            double level = Math.Clamp((results[i] / outputScale.Scale) + outputScale.Zero, 0, 255);
            Assert.True(Math.Abs(got[i] - level) <= 0.501, $"result {i} is {got[i]}, exactly {level}");
        }
    }

    /// <summary>Rows of only positive, only negative, alternating and drawn weights of about the same size.</summary>
    static float[] Extreme(int count, int rows)
    {
        var random = new Random(1);
        int each = count / rows;
        float[] weights = new float[count];
        for (int i = 0; i < count; i++)
        {
            float size = 1 - (0.02f * random.NextSingle());
            weights[i] = (i / each % 4) switch { 0 => size, 1 => -size, 2 => i % 2 == 0 ? size : -size, _ => 2 * (random.NextSingle() - 0.5f) };
        }
        return weights;
    }
}
