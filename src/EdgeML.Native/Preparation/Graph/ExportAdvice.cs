using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>For models that the engine refuses: the part of the graph known to cause that, and another way to export it.</summary>
static class ExportAdvice
{
    /// <summary>Advice, or null.</summary>
    internal static string? For(ModelProto model, GraphIndex index)
    {
        long opset = model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0;
        foreach (NodeProto node in index.Nodes)
        {
            // Until operator set 22 a window that begins in the padding is counted, which PyTorch's layers do not do.
            if (opset < 22 && node.OpType is ("MaxPool" or "AveragePool" or "LpPool")
                && node.Attribute.Any(a => a.Name == "ceil_mode" && a.I != 0))
                return $"{GraphIndex.Describe(node)} rounds its size up (ceil_mode), which operator sets before 22 do unlike PyTorch; "
                    + "export with opset 22";
        }
        foreach (NodeProto node in index.Nodes)
        {
            if (node.OpType == "Reshape" && node.Input.Count > 1 && Integers(index, node.Input[1]) is [> 1 and var batch, ..] shape
                && shape.Contains(-1) && !index.IsConstant(node.Input[0]))
                return $"{GraphIndex.Describe(node)} fixes a batch of {batch}, one input at a time is run; "
                    + "export the model with a batch of 1 or with a dynamic batch axis";
        }
        return null;
    }

    static long[] Integers(GraphIndex index, string tensor) =>
        index.Initializers.TryGetValue(tensor, out TensorProto? weight) && weight is { DataType: ElementType.Int64, RawData.Length: > 0 }
            ? System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(weight.RawData.Span).ToArray()
            : [];
}
