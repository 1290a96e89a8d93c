using System.Runtime.InteropServices;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Models on ONNX Runtime's execution providers for GPUs: what is done above the provider, on a double that computes on the
/// processor (native/tests/run.sh builds it), and what is said where there is none.</summary>
public sealed partial class ProviderTests
{
    const int Tasks = 200;

    static string Double()
    {
        string file = Path.Combine(SourceTree.Root ?? AppContext.BaseDirectory, "native", "build-tests", "lib", "libedgeml_forwarding_onnxruntime.so");
        Assert.SkipUnless(File.Exists(file), $"no {file}; native/tests/run.sh builds it");
        using var backend = new Backend(new BackendOptions());
        // .NET's own environment is not the one that native code reads.
        _ = SetEnvironment("EDGEML_FORWARD_TO", backend.LibraryPath, 1);
        return file;
    }

    [Theory]
    [InlineData(BackendKind.OnnxRuntimeCuda, "chain")]
    [InlineData(BackendKind.OnnxRuntimeTensorRt, "chain")]
    [InlineData(BackendKind.OnnxRuntimeCuda, "residual")]
    public void Run_EveryCutAndExitOnDoubles_AnswersAsTheProcessorAndAllocatesNothing(BackendKind kind, string graph)
    {
        using var loaded = new LoadedGraph(graph, new BackendOptions { Kind = kind, LibraryPath = Double() });
        Assert.Equal((kind == BackendKind.OnnxRuntimeCuda ? "cuda" : "tensorrt-ep", false, true),
            (loaded.Model.Backend.Name, loaded.Model.JoinsPlans, loaded.Model.Backend.WeightsInside));
        using var session = new EdgeSession(loaded.Model);
        float[] input = loaded.Input(3), logits = new float[loaded.Manifest.Classes];
        float[][] expected = loaded.Reference(input);
        foreach (CutInfo cut in loaded.Manifest.Cuts.Where(cut => cut.Candidate))
            foreach (float threshold in (ReadOnlySpan<float>)[0f, 1f])
            {
                session.Policy = loaded.Policy(threshold, cut.K);
                int exit = session.Run(input, logits).Exit;
                LoadedGraph.AssertClose(expected[exit - 1], logits, $"cut {cut.K}, threshold {threshold}, exit {exit}");
            }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int task = 0; task < Tasks; task++) session.Run(input, logits);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(BackendKind.OnnxRuntimeCuda, "backend cuda: ")]
    [InlineData(BackendKind.OnnxRuntimeTensorRt, "backend tensorrt-ep: ")]
    public void Load_OnnxRuntimeForTheProcessorAlone_SaysSo(BackendKind kind, string expected)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("EDGEML_ONNXRUNTIME") is { Length: > 0 }, "another library is asked for");
        using var loaded = new LoadedGraph("chain");
        NativeException error = Assert.Throws<NativeException>(() => BranchedModel.Load(loaded.Folder, new BackendOptions { Kind = kind }));
        Assert.Equal(NativeStatus.BackendMissing, error.Status);
        Assert.StartsWith(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("CUDA execution provider is not enabled in this build", error.Message, StringComparison.Ordinal);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
