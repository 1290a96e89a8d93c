namespace EdgeML.Native.Preparation.Branching;

/// <summary>A trained fully-connected layer as ONNX wants it.</summary>
/// <param name="Weights">Outputs x inputs, row by row.</param>
/// <param name="Biases">One an output.</param>
sealed record HeadLayer(float[] Weights, float[] Biases);
