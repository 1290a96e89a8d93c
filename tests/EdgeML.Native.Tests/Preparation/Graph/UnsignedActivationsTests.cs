using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>int8 pairs become uint8 ones that stand for the same numbers.</summary>
public sealed class UnsignedActivationsTests : IDisposable
{
    readonly NativeRuns _runs = new();

    public void Dispose() => _runs.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(1L)] // a scale and a zero point per channel
    public void Make_Int8Pair_IsUint8AndGivesTheSameNumbers(long? axis)
    {
        OnnxBuilder builder = Pair(axis, out NodeProto quantise, out NodeProto dequantise);
        float[] input = [.. Enumerable.Range(-40, 80).Select(i => i * 0.37f)];
        float[] before = _runs.Run(builder.Bytes, null, input)[0];

        UnsignedActivations.Make(builder.Graph);

        TensorProto zero = builder.Graph.Initializer.First(w => w.Name == quantise.Input[2]);
        Assert.Equal(quantise.Input[2], dequantise.Input[2]);
        Assert.Equal(ElementType.UInt8, zero.DataType);
        Assert.Equal(axis is null ? [131] : [131, 0, 255, 118], zero.RawData.ToByteArray());
        Assert.DoesNotContain(builder.Graph.Initializer, w => w.DataType == ElementType.Int8);
        Assert.Equal(before, _runs.Run(builder.Bytes, null, input)[0]);
    }

    [Fact]
    public void Make_IntegersReadByMoreThanThePair_StayAsTheyAre()
    {
        OnnxBuilder read = Pair(null, out NodeProto quantise, out _), put = Pair(null, out NodeProto second, out _);
        read.Node("Cast", [quantise.Output[0]], null, OnnxBuilder.Int("to", ElementType.Float));
        put.Output(second.Output[0]);
        foreach (OnnxBuilder builder in (OnnxBuilder[])[read, put])
        {
            ModelProto before = builder.Model.Clone();
            UnsignedActivations.Make(builder.Graph);
            Assert.Equal(before, builder.Model);
        }
    }

    static OnnxBuilder Pair(long? axis, out NodeProto quantise, out NodeProto dequantise)
    {
        var builder = new OnnxBuilder();
        byte[] zeros = axis is null ? [3] : [3, 0x80, 0x7f, 0xf6];
        float[] scales = axis is null ? [0.21f] : [0.21f, 0.1f, 0.05f, 0.4f];
        long[] dims = axis is null ? [] : [4];
        builder.Graph.Initializer.Add(
            new TensorProto { Name = "zero", DataType = ElementType.Int8, Dims = { dims }, RawData = ByteString.CopyFrom(zeros) });
        string scale = builder.Weight(dims, scales);
        AttributeProto[] attributes = axis is { } a ? [OnnxBuilder.Int("axis", a)] : [];
        string q = builder.Node("QuantizeLinear", [builder.Input("x", 1, 4, 20), scale, "zero"], null, attributes);
        quantise = builder.Graph.Node[^1];
        builder.Output(builder.Node("DequantizeLinear", [q, scale, "zero"], null, attributes));
        dequantise = builder.Graph.Node[^1];
        return builder;
    }
}
