namespace EdgeML.Native.Inference;

/// <summary>How the inference library is loaded. The first model of a process decides: all sessions share one thread pool.</summary>
public sealed record BackendOptions
{
    /// <summary>Threads that compute one operator, the caller included.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether idle pool threads spin; a little faster, much hotter. Off by default.</summary>
    public bool AllowSpinning { get; init; }

    /// <summary>File of the ONNX Runtime library; null for <c>EDGEML_ONNXRUNTIME</c>, then the copy beside the program.</summary>
    public string? LibraryPath { get; init; }

    /// <summary>Most bytes fused ranges may hold beside the shared weights; the least recently used go first.</summary>
    public long FusedBudgetBytes { get; init; } = 256L << 20;

    /// <summary>Whether ranges are fused in the background at all; without, every policy runs on unit-level sessions.</summary>
    public bool Fuse { get; init; } = true;
}
