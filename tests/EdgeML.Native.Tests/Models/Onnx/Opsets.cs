using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>Writes a test's graph, made for opset 17, in another operator set: where inputs were attributes, and the other way
/// round.</summary>
static class Opsets
{
    internal static IReadOnlyList<int> All { get; } = [9, 11, 13, 15, 17, 18, 21];

    /// <summary>Whether an operator set has everything a graph of <see cref="Graphs"/> needs.</summary>
    internal static bool Has(int opset, string graph) => graph is not "attention" || opset >= 17; // LayerNormalization

    internal static void Change(ModelProto model, int opset)
    {
        model.OpsetImport[0].Version = opset;
        GraphProto graph = model.Graph;
        foreach (NodeProto node in graph.Node)
        {
            switch (node.OpType)
            {
                case "Clip" when opset < 11:
                    while (node.Input.Count > 1) node.Input.RemoveAt(1);
                    node.Attribute.Add(new AttributeProto { Name = "min", Type = 1, F = 0 });
                    node.Attribute.Add(new AttributeProto { Name = "max", Type = 1, F = 6 });
                    break;
                case "Unsqueeze" when opset < 13:
                    node.Input.RemoveAt(1);
                    node.Attribute.Add(OnnxBuilder.Ints("axes", 0));
                    break;
                case "ReduceMean" when opset >= 18:
                    string axes = node.Name + "_axes";
                    graph.Initializer.Add(new TensorProto
                    {
                        Name = axes,
                        DataType = 7,
                        Dims = { 1 },
                        Int64Data = { node.Attribute[0].Ints[0] }
                    });
                    node.Attribute.Clear();
                    node.Input.Add(axes);
                    break;
            }
        }
    }
}
