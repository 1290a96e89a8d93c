using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Training.Bottlenecks;

/// <summary>How sensitive the convolutions after a cut are to an error in the tensor there: the sum of squares of its effect on their
/// compute, before their activation.</summary>
/// <remarks>With this metric principal components are the best fit of so many numbers to those sums (reduced-rank regression), errors of
/// different patches taken for unrelated.</remarks>
static class NextLayer
{
    /// <summary>Rows x rows of the patches; null where something else than float32 convolutions of one group reads the tensor.</summary>
    public static double[]? Metric(ModelPackage package, int cut, TensorPatches patches)
    {
        RangeModel range = package.BuildRange(
            cut + 1, cut + 1, exitHead: null, emitBoundary: cut + 1 < package.Manifest.Units.Count, inlineWeights: true);
        GraphProto graph = ModelProto.Parser.ParseFrom(range.Onnx).Graph;
        var metric = new double[patches.Rows * patches.Rows];
        foreach (NodeProto reader in graph.Node.Where(node => node.Input.Contains(range.Input)))
        {
            if (reader.OpType != "Conv" || reader.Input[0] != range.Input) return null;
            TensorProto? filters = graph.Initializer.FirstOrDefault(each => each.Name == reader.Input[1]);
            // Terms that two pixels of a patch share are counted by neighbouring taps.
            if (patches.Size > 1 && reader.Attribute.Any(each => each.Name == "dilations" && each.Ints.Any(step => step != 1))) return null;
            if (filters is not { Dims: [_, _, _, _], DataType: ElementType.Float } || filters.Dims[1] != patches.Channels) return null;
            // A stride sees some positions more often than others; over a patch's pixels that evens out well enough.
            Add(metric, patches, MemoryMarshal.Cast<byte, float>(filters.RawData.Span), [.. filters.Dims.Select(dim => (int)dim)]);
        }
        return metric.Any(value => value != 0) ? metric : null;
    }

    static void Add(double[] metric, TensorPatches patches, ReadOnlySpan<float> filters, int[] dims)
    {
        (int outputs, int channels, int height, int width) = (dims[0], dims[1], dims[2], dims[3]);
        int size = patches.Size, pixels = size * size, rows = patches.Rows, taps = height * width;
        // Filters with the outputs side by side, so that the shared term of two taps is one dot product.
        float[] byTap = new float[filters.Length];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < channels * taps; i++) byTap[(i * outputs) + o] = filters[(o * channels * taps) + i];
        }
        for (int row = 0; row < rows; row++)
        {
            for (int other = 0; other <= row; other++)
            {
                int down = (other % pixels / size) - (row % pixels / size), right = (other % size) - (row % size);
                double sum = 0;
                for (int y = Math.Max(0, -down); y < Math.Min(height, height - down); y++)
                {
                    for (int x = Math.Max(0, -right); x < Math.Min(width, width - right); x++)
                    {
                        int tap = (row / pixels * taps) + (y * width) + x;
                        int pair = (other / pixels * taps) + ((y + down) * width) + x + right;
                        sum += System.Numerics.Tensors.TensorPrimitives.Dot(
                            byTap.AsSpan(tap * outputs, outputs), byTap.AsSpan(pair * outputs, outputs));
                    }
                }
                metric[(row * rows) + other] += sum;
                if (other < row) metric[(other * rows) + row] += sum;
            }
        }
    }
}
