using EdgeML.Native.Inference;

namespace EdgeML.Native.Tests.Inference;

/// <summary>The same task on the device, on the CPU with the same segments, and on the CPU unit by unit.</summary>
sealed record TensorRtAnswers(string What, ChainRoute Route, TensorRtAnswer Device, TensorRtAnswer Same, TensorRtAnswer Units);
