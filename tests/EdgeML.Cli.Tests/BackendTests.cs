namespace EdgeML.Cli.Tests;

/// <summary><c>--backend</c> and <c>edgeml build</c> on a machine without NVIDIA's software.</summary>
public sealed class BackendTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    [Theory]
    [InlineData("run --model m --data shapes:seed=1 --route stages", "--route goes with --backend tensorrt")]
    [InlineData("build --model m --backend cuda", "not one of onnxruntime, tensorrt")]
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
