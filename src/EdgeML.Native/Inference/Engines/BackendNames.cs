namespace EdgeML.Native.Inference.Engines;

/// <summary>The names of inference libraries on command lines and in configurations.</summary>
static class BackendNames
{
    // In the order of BackendKind.
    static readonly string[] s_names = ["onnxruntime", "tensorrt", "cuda", "tensorrt-ep"];

    /// <summary>All of them; the first one is the default.</summary>
    public static IReadOnlyList<string> All => s_names;

    /// <summary>The library of a name; null for the default.</summary>
    public static BackendKind KindOf(string? name) => (BackendKind)Math.Max(0, Array.IndexOf(s_names, name));
}
