namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_BACKEND_*; 0 in a description means ONNX Runtime.</summary>
enum NativeBackend : uint
{
    Default = 0,
    OnnxRuntime = 1,
    TensorRt = 2,
}
