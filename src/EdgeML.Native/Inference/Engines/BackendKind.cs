namespace EdgeML.Native.Inference.Engines;

/// <summary>The inference libraries that can compute a model.</summary>
public enum BackendKind
{
    /// <summary>ONNX Runtime on the CPU; needs nothing that does not come with this library.</summary>
    OnnxRuntime,

    /// <summary>TensorRT on an NVIDIA GPU; needs NVIDIA's driver, TensorRT 10.3 or later, and the plug-in of its major.</summary>
    TensorRt,
}
