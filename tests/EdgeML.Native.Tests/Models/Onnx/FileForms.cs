using System.Globalization;
using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>The forms exporters write one and the same network in.</summary>
static class FileForms
{
    internal static IReadOnlyList<string> Names { get; } =
        ["opset9", "opset21", "weights-as-inputs", "typed-data", "constants", "constants-in-the-middle", "external", "half-weights"];

    /// <summary>Rewrites a model.</summary>
    /// <param name="model">With weights inline.</param>
    /// <param name="form">One of <see cref="Names"/>.</param>
    /// <param name="folder">Where the file will lie.</param>
    internal static void Change(ModelProto model, string form, string folder)
    {
        GraphProto graph = model.Graph;
        TensorProto[] weights = [.. graph.Initializer.Where(w => w.DataType == ElementType.Float)];
        switch (form)
        {
            case "opset9" or "opset21":
                Opsets.Change(model, form == "opset9" ? 9 : 21);
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
            case "constants" or "constants-in-the-middle":
                foreach (TensorProto w in weights)
                {
                    graph.Initializer.Remove(w);
                    TensorProto value = w.Clone();
                    value.ClearName();
                    var attribute = new AttributeProto { Name = "value", Type = 4, T = value };
                    int reader = form == "constants" ? 0 : graph.Node.ToList().FindIndex(node => node.Input.Contains(w.Name));
                    graph.Node.Insert(reader, new NodeProto { OpType = "Constant", Output = { w.Name }, Attribute = { attribute } });
                }
                break;
            case "external":
                using (FileStream stream = File.Create(Path.Combine(folder, "weights.data")))
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
        var cast = new NodeProto { OpType = "Cast", Input = { weight.Name + "_half" }, Output = { weight.Name } };
        cast.Attribute.Add(OnnxBuilder.Int("to", 1));
        graph.Node.Insert(0, cast);
        weight.Name += "_half";
        ToHalf(weight);
    }

    /// <summary>Rounds a weight to half precision; one of integers stays.</summary>
    internal static void ToHalf(TensorProto weight)
    {
        if (weight.DataType != ElementType.Float) return;
        Half[] halves = [.. MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray().Select(f => (Half)f)];
        weight.DataType = ElementType.Float16;
        weight.RawData = Google.Protobuf.ByteString.CopyFrom(MemoryMarshal.AsBytes<Half>(halves));
    }
}
