using System.Globalization;
using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Graph;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Models;

/// <summary>The same network in the forms exporters write give the same answers.</summary>
public sealed class FileFormTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly NativeRuns _runs = new();

    public void Dispose()
    {
        _runs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("opset9")]
    [InlineData("opset21")]
    [InlineData("weights-as-inputs")]
    [InlineData("typed-data")]
    [InlineData("constants")]
    [InlineData("external")]
    [InlineData("half-weights")]
    public void Prepare_Form_GivesTheSameAnswers(string form)
    {
        float[][] expected = Answers(Graphs.All["chain"]().Model, out ModelManifest plain);
        ModelProto model = Graphs.All["chain"]().Model;
        float tolerance = form == "half-weights" ? 2e-2f : 1e-4f;
        Change(model, form);
        float[][] actual = Answers(model, out ModelManifest manifest);

        Assert.Equal(plain.Units.Select(u => (u.Macs, u.OutBytes)), manifest.Units.Select(u => (u.Macs, u.OutBytes)));
        for (int e = 0; e < expected.Length; e++)
            for (int c = 0; c < expected[e].Length; c++) Assert.Equal(expected[e][c], actual[e][c], tolerance);
    }

    [Fact]
    public void Hash_ExternalWeightChanged_IsAnother()
    {
        ModelProto model = Graphs.All["chain"]().Model;
        Change(model, "external");
        _ = Answers(model, out ModelManifest before);
        byte[] weights = File.ReadAllBytes(_folder["weights.data"]);
        weights[70] ^= 1;
        File.WriteAllBytes(_folder["weights.data"], weights);
        _ = Answers(model, out ModelManifest after);

        Assert.NotEqual(before.Hash, after.Hash);
    }

    float[][] Answers(ModelProto model, out ModelManifest manifest)
    {
        string file = _folder.Write("m.onnx", Google.Protobuf.MessageExtensions.ToByteArray(model));
        ModelPackage.Prepare(file, _folder["p"]);
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        manifest = package.Manifest;
        using WeightsHandle weights = _runs.Share(package);
        return _runs.Run(package.BuildWhole().Onnx, weights, [.. Enumerable.Range(0, manifest.Input.Elements).Select(i => (i % 7) / 7f)]);
    }

    void Change(ModelProto model, string form)
    {
        GraphProto graph = model.Graph;
        TensorProto[] weights = [.. graph.Initializer];
        switch (form)
        {
            case "opset9" or "opset21":
                model.OpsetImport[0].Version = form == "opset9" ? 9 : 21;
                break;
            case "weights-as-inputs":
                model.IrVersion = 3;
                graph.Input.Add(weights.Select(w => OnnxBuilder.Value(w.Name, w.DataType, [.. w.Dims])));
                break;
            case "typed-data":
                foreach (TensorProto w in weights)
                {
                    w.FloatData.Add(MemoryMarshal.Cast<byte, float>(w.RawData.Span).ToArray());
                    w.ClearRawData();
                }
                break;
            case "constants":
                graph.Initializer.Clear();
                foreach (TensorProto w in weights)
                {
                    TensorProto value = w.Clone();
                    value.ClearName();
                    var attribute = new AttributeProto { Name = "value", Type = 4, T = value };
                    graph.Node.Insert(0, new NodeProto { OpType = "Constant", Output = { w.Name }, Attribute = { attribute } });
                }
                break;
            case "external":
                using (FileStream stream = File.Create(_folder["weights.data"]))
                {
                    stream.Write(new byte[64]);
                    foreach (TensorProto w in weights) MoveOut(w, stream);
                }
                break;
            case "half-weights":
                foreach (TensorProto w in weights) Halve(graph, w);
                break;
        }
    }

    static void MoveOut(TensorProto weight, FileStream stream)
    {
        weight.DataLocation = 1;
        foreach (
            (string key, string value) in new[] { ("location", "weights.data"), ("offset", Number(stream.Position)),
            ("length", Number(weight.RawData.Length)) })
            weight.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        stream.Write(weight.RawData.Span);
        weight.ClearRawData();
    }

    static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    static void Halve(GraphProto graph, TensorProto weight)
    {
        Half[] halves = [.. MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray().Select(f => (Half)f)];
        var cast = new NodeProto { OpType = "Cast", Input = { weight.Name + "_half" }, Output = { weight.Name } };
        cast.Attribute.Add(OnnxBuilder.Int("to", 1));
        graph.Node.Insert(0, cast);
        weight.Name += "_half";
        weight.DataType = ElementType.Float16;
        weight.RawData = Google.Protobuf.ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves));
    }
}
