namespace EdgeML.Native.Models.Onnx;

/// <summary>A weight in the mapped weights of a package; valid while the package is open.</summary>
/// <param name="Name">Of the initializer.</param>
/// <param name="ElementType">Number of the ONNX standard; 1 is float32.</param>
/// <param name="Dims">Shape.</param>
/// <param name="Address">First byte, aligned to 64.</param>
/// <param name="Bytes">Length.</param>
sealed record WeightTensor(string Name, int ElementType, IReadOnlyList<long> Dims, nint Address, long Bytes);
