namespace EdgeML.Native.Models.Onnx;

/// <summary>An ONNX model of some units and heads of a package, with batch 1.</summary>
/// <param name="Onnx">The serialised model. Large weights are external data named by <see cref="Weights"/>, or inline.</param>
/// <param name="Input">Name of the one input.</param>
/// <param name="InputDims">Its full shape, float32.</param>
/// <param name="Boundary">Name of the output that carries on after the last unit, or null.</param>
/// <param name="Logits">Name of the output with the scores, or null.</param>
/// <param name="Outputs">Names of all outputs, in the order of the model.</param>
/// <param name="Weights">The weights the model takes from the package's mapped file; empty when they are inline.</param>
sealed record RangeModel(
    byte[] Onnx,
    string Input,
    IReadOnlyList<long> InputDims,
    string? Boundary,
    string? Logits,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<WeightTensor> Weights);
