namespace EdgeML.Cli.Tests;

/// <summary>The doubles of TensorRT and of the CUDA driver that native/tests/run.sh builds, for a command's environment: in
/// EDGEML_TENSORRT_DOUBLES or native/build-tests; the real plug-in for TensorRT 10 where headers were given, else the plain double.</summary>
static class BackendDoubles
{
    static readonly string s_build = Environment.GetEnvironmentVariable("EDGEML_TENSORRT_DOUBLES") is { Length: > 0 } chosen
        ? chosen
        : Path.Combine(EdgemlProcess.RepositoryRoot, "native", "build-tests");

    static bool HasRealPlugin => File.Exists(Path.Combine(s_build, "fake_tensorrt", "10", "libnvinfer.so.10"));

    /// <summary>Skips where no doubles were built.</summary>
    public static Dictionary<string, string> Require()
    {
        string library = Path.Combine(s_build, "fake_tensorrt", HasRealPlugin ? "10" : "plain");
        Assert.SkipUnless(File.Exists(Path.Combine(library, "libnvinfer.so.10")), $"no doubles of TensorRT in {s_build}; see docs/reference/tensorrt.md");
        return new()
        {
            ["EDGEML_CUDA_DRIVER"] = Path.Combine(s_build, "lib", "libedgeml_fake_cuda.so"),
            ["EDGEML_TENSORRT_DIR"] = library,
            ["EDGEML_TENSORRT_PLUGINS"] = HasRealPlugin ? Path.Combine(s_build, "lib") : library,
        };
    }
}
