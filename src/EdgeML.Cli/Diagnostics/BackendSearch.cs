using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Which native libraries load, from where and in which version.</summary>
static class BackendSearch
{
    const string OnnxRuntimeVariable = "EDGEML_ONNXRUNTIME";

    public static IEnumerable<Finding> Find()
    {
        yield return NativeLibraryRow();
        yield return OnnxRuntimeRow("ONNX Runtime", BackendKind.OnnxRuntime);
        yield return OnnxRuntimeRow("cuda", BackendKind.OnnxRuntimeCuda);
        yield return OnnxRuntimeRow("tensorrt-ep", BackendKind.OnnxRuntimeTensorRt);
        yield return CudaSearch.Find();
        foreach (Finding finding in TensorRtSearch.Find()) yield return finding;
    }

    static Finding NativeLibraryRow()
    {
        string[] looked =
        [
            Variable(NativeLibraryLoader.PathVariable), Path.Combine(AppContext.BaseDirectory, "runtimes", "*", "native"), AppContext.BaseDirectory,
        ];
        try
        {
            NativeLibraryLoader.EnsureLoaded();
            uint version = NativeMethods.AbiVersion();
            string path = NativeLibraryLoader.LoadedPath ?? "the loader's path";
            return new Finding("backends", "libedgeml", true, $"interface {version >> 16}.{version & 0xffff} from {path}", looked);
        }
        catch (Exception error) when (
            error is DllNotFoundException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException)
        {
            return new Finding("backends", "libedgeml", false, error.Message, looked);
        }
    }

    // The error names the only place of a provider's libraries, the folder of ONNX Runtime's own.
    static Finding OnnxRuntimeRow(string name, BackendKind kind)
    {
        string[] looked = [Variable(OnnxRuntimeVariable), "the folder of libedgeml"];
        try
        {
            using var backend = new Backend(new BackendOptions { Kind = kind });
            return new Finding("backends", name, true, $"{backend.LibraryVersion} from {backend.LibraryPath}, {backend.Name}",
                looked);
        }
        catch (Exception error) when (
            error is NativeException or DllNotFoundException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException)
        {
            return new Finding("backends", name, false, error.Message, kind == BackendKind.OnnxRuntime ? looked : []);
        }
    }

    static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? $"{name}={value}" : $"{name}, which is not set";
}
