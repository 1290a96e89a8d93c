using System.Runtime.InteropServices;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>The doubles of TensorRT and of the CUDA driver, which native/tests/run.sh builds: in the folder EDGEML_TENSORRT_DOUBLES, or in
/// native/build-tests of this source tree. "plain" is a plug-in of the tests' own and is built always, "10" and "11" are the real plug-ins
/// on TensorRT's interfaces and need EDGEML_TENSORRT_HEADERS.</summary>
[CollectionDefinition(nameof(TensorRtDoubles))]
public sealed partial class TensorRtDoubles
{
    /// <summary>Backend options for one of the doubles; skips the test where it was not built.</summary>
    internal static BackendOptions Require(string plugin, ChainRoute route, string engineFolder)
    {
        string build = Folder(), library = Path.Combine(build, "fake_tensorrt", plugin);
        Assert.SkipWhen(!IsBuilt(plugin), $"no double \"{plugin}\" of TensorRT in {build}; see docs/reference/tensorrt.md");
        // .NET's own environment is not the one that native code reads.
        _ = SetEnvironment("EDGEML_CUDA_DRIVER", Path.Combine(build, "lib", "libedgeml_fake_cuda.so"), 1);
        _ = SetEnvironment("EDGEML_TENSORRT_PLUGINS", plugin == "plain" ? library : Path.Combine(build, "lib"), 1);
        return new BackendOptions { Kind = BackendKind.TensorRt, LibraryPath = library, Route = route, EngineFolder = engineFolder };
    }

    /// <summary>Options for a real plug-in where one was built, else for the plain one.</summary>
    internal static BackendOptions RequireAny(ChainRoute route, string engineFolder) =>
        Require(new[] { "11", "10" }.FirstOrDefault(IsBuilt) ?? "plain", route, engineFolder);

    /// <summary>The network of the repository; skips outside of a source tree.</summary>
    internal static string ShippedModel()
    {
        Assert.SkipWhen(SourceTree.Root is null, "no source tree around the tests");
        return Path.Combine(SourceTree.Root!, "models", "shapes-vgg.onnx");
    }

    static bool IsBuilt(string plugin) =>
        File.Exists(Path.Combine(Folder(), "fake_tensorrt", plugin, $"libnvinfer.so.{(plugin == "plain" ? "10" : plugin)}"));

    static string Folder()
    {
        if (Environment.GetEnvironmentVariable("EDGEML_TENSORRT_DOUBLES") is { Length: > 0 } chosen) return chosen;
        return Path.Combine(SourceTree.Root ?? AppContext.BaseDirectory, "native", "build-tests");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
