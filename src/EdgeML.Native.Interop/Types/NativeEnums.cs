namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_BACKEND_*; 0 in a description means ONNX Runtime.</summary>
enum NativeBackend : uint
{
    Default = 0,
    OnnxRuntime = 1,
    TensorRt = 2,
    OnnxRuntimeCuda = 3,
    OnnxRuntimeTensorRt = 4,
}

/// <summary>EDGEML_DTYPE_*.</summary>
enum NativeDtype : uint
{
    Other = 0,
    Float32 = 1,
    Float16 = 2,
    BFloat16 = 3,
    Int8 = 4,
    UInt8 = 5,
    Int32 = 6,
    Int64 = 7,
    Float64 = 8,
    Bool = 9,
    Int16 = 10,
    UInt16 = 11,
    UInt32 = 12,
    UInt64 = 13,
}

/// <summary>EDGEML_OPTIMIZE_*.</summary>
enum NativeOptimization : uint
{
    Default = 0,
    None = 1,
    Basic = 2,
    Extended = 3,
    All = 4,
}

/// <summary>EDGEML_RULE_*.</summary>
enum NativeExitRule : uint
{
    Entropy = 0,
    MaxProbability = 1,
    Margin = 2,
    Patience = 3,
    Custom = 4,
}

/// <summary>EDGEML_OUTCOME_*.</summary>
enum NativeOutcome : uint
{
    None = 0,
    Exited = 1,
    Final = 2,
    Cut = 3,
}

/// <summary>EDGEML_ROUTE_*: the side that decides about exits, and the number of launches. As a wish, <see cref="Host"/> means the best that
/// works.</summary>
enum NativeRoute : uint
{
    Host = 0,
    Device = 1,
    Stages = 2,
    Streams = 3,
}
