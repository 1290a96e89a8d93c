namespace EdgeML.Native.Interop;

/// <summary>Outcome of a native call: zero or a negative cause (EDGEML_E_* of the C header).</summary>
public enum NativeStatus
{
    /// <summary>The call succeeded.</summary>
    Ok = 0,

    /// <summary>A null, a length or an index that cannot be meant.</summary>
    InvalidArgument = -1,

    /// <summary>A struct of another version of the interface.</summary>
    StructSize = -2,

    /// <summary>The inference library was not found or cannot be loaded.</summary>
    BackendMissing = -3,

    /// <summary>The inference library is too old.</summary>
    BackendVersion = -4,

    /// <summary>The inference library refuses the model.</summary>
    ModelRejected = -5,

    /// <summary>A model that cannot be served, for instance because a dimension stays unknown.</summary>
    Unsupported = -6,

    /// <summary>Data type or byte size of two ends differ.</summary>
    Mismatch = -7,

    /// <summary>Another thread is running the chain.</summary>
    Busy = -8,

    /// <summary>Native memory is exhausted.</summary>
    OutOfMemory = -9,

    /// <summary>The inference library failed while running.</summary>
    RunFailed = -10,

    /// <summary>A device failed for good: nothing on it works until the process restarts.</summary>
    DeviceLost = -11,

    /// <summary>A progress function asked for the end.</summary>
    Cancelled = -12,

    /// <summary>A defect of the native library.</summary>
    Internal = -99,
}
