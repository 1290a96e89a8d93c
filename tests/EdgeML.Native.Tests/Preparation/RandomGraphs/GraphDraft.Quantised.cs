using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <content>Numbers of 8 bits with a scale and a zero point.</content>
sealed partial class GraphDraft
{
    /// <summary>A scale and a zero point as two weights.</summary>
    internal (string Scale, string Zero) Grid(float scale, int zero, int type) =>
        (Builder.Weight([], [scale]), Narrow(type, [], [zero]));

    internal Activation Quantise(Activation x, (string Scale, string Zero) grid) =>
        Node("QuantizeLinear", [x.Name, grid.Scale, grid.Zero], x.Dims);

    internal Activation Dequantise(Activation x, (string Scale, string Zero) grid) =>
        Node("DequantizeLinear", [x.Name, grid.Scale, grid.Zero], x.Dims);

    /// <summary>Normal weights rounded to whole numbers: their name, that of their scales, that of their zero points, the scales.</summary>
    /// <param name="deviation">Of what they stand for.</param>
    /// <param name="type">int8 or uint8.</param>
    /// <param name="channels">Scales along the first axis, or 1 for one scale.</param>
    /// <param name="dims">Of the weights.</param>
    internal (string Weight, string Scale, string Zero, float[] Scales) Rounded(double deviation, int type, int channels, params long[] dims)
    {
        Traits.Add(channels > 1 ? "scale per channel" : "one scale");
        Traits.Add(Count(dims) > 1024 ? "8-bit weight above 1 KB" : "8-bit weight below 1 KB");
        int zero = type == ElementType.UInt8 ? 128 : 0;
        float[] scales = [.. Values(channels, 1).Select(v => (float)(deviation * 3.5 / 127 * (1 + (0.3 * Math.Tanh(v)))))];
        int[] whole = [.. Values(Count(dims), 127 / 3.5).Select(v => zero + (int)Math.Clamp(MathF.Round(v), -127, 127))];
        long[] shape = channels == 1 && !Chance(0.2) ? [] : [channels];
        return (Narrow(type, dims, whole), Builder.Weight(shape, scales), Narrow(type, shape, [.. Enumerable.Repeat(zero, channels)]), scales);
    }

    /// <summary>Offsets as int32, in steps of what a product of input and weights counts in.</summary>
    internal string Offsets(int count, float inputScale, float[] scales) => Narrow(
        ElementType.Int32, [count],
        [.. Values(count, 0.1).Select((v, i) => (int)MathF.Round(v / (inputScale * scales[i % scales.Length])))]);
}
