using System.Runtime.InteropServices;

namespace EdgeML.Cli.Tests;

/// <summary><c>--backend</c> and <c>edgeml build</c> on a machine without NVIDIA's software.</summary>
public sealed class BackendTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    [Theory]
    [InlineData("run --model m --data shapes:seed=1 --route stages", "--route goes with --backend tensorrt")]
    [InlineData("build --model m --backend cudda", "not one of onnxruntime, tensorrt, cuda, tensorrt-ep, did you mean cuda?")]
    public void Run_BadChoice_OneLineAndExitCode2(string commandLine, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(commandLine.Split(' '));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(expected, Assert.Single(outcome.ErrorLines));
    }

    [Theory]
    [InlineData("build")]
    [InlineData("run --data shapes:seed=1")]
    public void TensorRt_NothingInstalled_OneLineWithEveryPlace(string command)
    {
        var nowhere = new Dictionary<string, string>
        {
            ["EDGEML_CUDA_DRIVER"] = "/no/such/libcuda.so",
            ["EDGEML_TENSORRT_DIR"] = "/no/such/tensorrt",
        };
        Outcome outcome = EdgemlProcess.Run(nowhere, [.. command.Split(' '), "--model", package.Model, "--backend", "tensorrt"]);

        Assert.Equal(1, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.Contains("/no/such/libcuda.so", line);
        Assert.Contains("/no/such/tensorrt", line);
    }

    [Theory]
    [InlineData("cuda", "CUDA")]
    [InlineData("tensorrt-ep", "CUDA")]
    public void Provider_OnnxRuntimeForTheProcessorAlone_OneLineWithTheReason(string backend, string provider)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("EDGEML_ONNXRUNTIME") is { Length: > 0 }, "another library is asked for");
        Outcome outcome = EdgemlProcess.Run("run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "2", "--backend", backend);
        Assert.Equal(1, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith($"edgeml: backend {backend}: ONNX Runtime: {provider} execution provider is not enabled in this build.", line);
        Assert.EndsWith("has no libonnxruntime_providers_cuda.so", line);
    }

    [Fact]
    public void Provider_LibraryThatDoesNotLoad_IsNamedWithTheLoadersReason()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the names are Linux's");
        string own = Directory.GetFiles(Path.GetDirectoryName(EdgemlProcess.Assembly)!, "libonnxruntime*.so", SearchOption.AllDirectories)
            .FirstOrDefault(file => file.Contains(RuntimeInformation.ProcessArchitecture.ToString(), StringComparison.OrdinalIgnoreCase)) ?? "";
        Assert.SkipWhen(own.Length == 0, "ONNX Runtime is not below the command");
        string folder = Directory.CreateDirectory(package["providers"]).FullName;
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(own)!, "libonnxruntime*.so")) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        string fake = Path.Combine(folder, "libonnxruntime_providers_cuda.so");
        File.WriteAllText(fake, "no library at all");
        var environment = new Dictionary<string, string> { ["EDGEML_ONNXRUNTIME"] = folder };

        Outcome outcome = EdgemlProcess.Run(environment, "run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "2", "--backend", "cuda");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"libonnxruntime_providers_cuda.so cannot be loaded: {fake}: ", Assert.Single(outcome.ErrorLines));
        Outcome doctor = EdgemlProcess.Run(environment, "doctor");
        Assert.Matches("ok  ONNX Runtime ", doctor.Output);
        Assert.Matches("--  cuda +backend cuda: ONNX Runtime: CUDA execution provider is not enabled in this build", doctor.Output);
        Assert.Matches("--  tensorrt-ep +backend tensorrt-ep: ", doctor.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Build_OnDoubles_LogsToStderrWhenVerbose(bool verbose)
    {
        IReadOnlyDictionary<string, string> doubles = BackendDoubles.Require();
        string engines = Path.Combine(EdgemlProcess.RepositoryRoot, "engines", "tensorrt");
        string[] before = Plans();
        try
        {
            string[] arguments = ["build", "--model", package.Model, "--backend", "tensorrt", .. verbose
                ? ["--verbose"] : Array.Empty<string>()];
            Outcome outcome = EdgemlProcess.Run(doubles, arguments);

            Assert.True(outcome.ExitCode == 0, outcome.Error);
            Assert.Equal(verbose, outcome.Error.Contains("backend info: a runtime of the double", StringComparison.Ordinal));
            if (!verbose) Assert.Empty(outcome.Error);
        }
        finally
        {
            foreach (string made in Plans().Except(before)) File.Delete(made);
        }

        string[] Plans() => Directory.Exists(engines) ? Directory.GetFiles(engines) : [];
    }

    [Fact]
    public void Build_OnnxRuntime_SaysThatNothingIsKept()
    {
        Outcome outcome = EdgemlProcess.Run("build", "--model", package.Model);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("19 engines for onnxruntime", outcome.Output);
        Assert.Contains("nothing to keep", outcome.Output);
    }
}
