using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>The same task on the device and on the CPU with the same segments, and the CPU's logits unit by unit.</summary>
sealed record TensorRtAnswers(string What, ChainRoute Route, TensorRtAnswer Device, TensorRtAnswer Same, float[] UnitLogits);
