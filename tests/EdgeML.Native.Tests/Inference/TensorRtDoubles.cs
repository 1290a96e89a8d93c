using System.Runtime.InteropServices;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Tests.Inference;

/// <summary>The doubles of TensorRT and of the CUDA driver, which native/tests/run.sh builds where EDGEML_TENSORRT_HEADERS names headers:
/// in the folder EDGEML_TENSORRT_DOUBLES, or in native/build-tests of this source tree.</summary>
static partial class TensorRtDoubles
{
    /// <summary>Backend options for the doubles of one major; skips the test where they were not built.</summary>
    public static BackendOptions Require(int major, ChainRoute route, string engineFolder)
    {
        string build = Folder();
        string library = Path.Combine(build, "fake_tensorrt", $"{major}");
        Skip.If(!File.Exists(Path.Combine(library, $"libnvinfer.so.{major}")),
            $"no doubles of TensorRT {major} in {build}; see docs/tensorrt.md");
        // .NET's own environment is not the one that native code reads.
        _ = SetEnvironment("EDGEML_CUDA_DRIVER", Path.Combine(build, "lib", "libedgeml_fake_cuda.so"), 1);
        _ = SetEnvironment("EDGEML_TENSORRT_PLUGINS", Path.Combine(build, "lib"), 1);
        return new BackendOptions { Kind = BackendKind.TensorRt, LibraryPath = library, Route = route, EngineFolder = engineFolder };
    }

    /// <summary>The network of the repository; skips outside of a source tree.</summary>
    public static string ShippedModel()
    {
        Skip.If(SourceTree() is null, "no source tree around the tests");
        return Path.Combine(SourceTree()!, "models", "shapes-vgg.onnx");
    }

    static string? SourceTree()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "EdgeML.Native.sln"))) return at.FullName;
        return null;
    }

    static string Folder()
    {
        if (Environment.GetEnvironmentVariable("EDGEML_TENSORRT_DOUBLES") is { Length: > 0 } chosen) return chosen;
        return Path.Combine(SourceTree() ?? AppContext.BaseDirectory, "native", "build-tests");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
