using System.Diagnostics;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>A program that uses ONNX Runtime by its own package, over the same library file, before or after this library does.</summary>
public sealed class HostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("host-first", 1)]
    [InlineData("host-first", 3)]
    [InlineData("ours-first", 1)]
    [InlineData("ours-first", 3)]
    public async Task HostWithItsOwnOnnxRuntime_BothGiveTheSameAnswers(string order, int threads)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the program looks into /proc");
        Assert.SkipWhen(Environment.GetEnvironmentVariable("EDGEML_ONNXRUNTIME") is { Length: > 0 }, "another library is asked for");
        using var loaded = new LoadedGraph("residual");
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["model.onnx"], Graphs.All["residual"]().Bytes);
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[ProgramFile(), order, loaded.Folder, folder["model.onnx"], $"{threads}"])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardOutput.ReadToEndAsync(), complained = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        output.WriteLine(await said);
        Assert.True(process.ExitCode == 0, await complained);
        Assert.Equal("", await complained);
        Assert.Contains("loaded by onnxruntime", await said, StringComparison.Ordinal);
    }

    static string ProgramFile()
    {
        // .../tests/EdgeML.Native.Tests/bin/<configuration>/net10.0/: both were built with the same configuration.
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        string tests = own.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(tests, "EdgeML.HostProgram", "bin", own.Parent.Name, "net10.0", "EdgeML.HostProgram.dll");
    }
}
