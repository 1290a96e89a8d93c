using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Simulation.Processes;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>A program that uses ONNX Runtime by its own package, over the same library file, before or after this library does.</summary>
public sealed class HostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("host-first", 1)]
    [InlineData("host-first", 3)]
    [InlineData("ours-first", 1)]
    [InlineData("ours-first", 3)]
    public void HostWithItsOwnOnnxRuntime_BothGiveTheSameAnswers(string order, int threads)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the program looks into /proc");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("EDGEML_ONNXRUNTIME") is { Length: > 0 }, "another library is asked for");
        using var loaded = new LoadedGraph("residual");
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["model.onnx"], Graphs.All["residual"]().Bytes);
        Outcome outcome = ChildProcess.Run(
            ["dotnet", ProgramFile(), order, loaded.Folder, folder["model.onnx"], $"{threads}"], TimeSpan.FromMinutes(3));
        output.WriteLine(outcome.Output);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal("", outcome.Error);
        Assert.Contains("loaded by onnxruntime", outcome.Output, StringComparison.Ordinal);
    }

    static string ProgramFile()
    {
        // .../tests/EdgeML.Native.Tests/bin/<configuration>/net10.0/: both were built with the same configuration.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        string tests = own.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(tests, "EdgeML.HostProgram", "bin", own.Parent.Name, "net10.0", "EdgeML.HostProgram.dll");
    }
}
