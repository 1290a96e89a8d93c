using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public class DoctorTests
{
    [Fact]
    public void Doctor_Json_HoldsARowForWhatIsMissingToo()
    {
        string file = Path.Combine(Path.GetTempPath(), $"doctor-{Guid.NewGuid():N}.json");
        try
        {
            Outcome outcome = EdgemlProcess.Run("doctor", "--json", file);

            Assert.Equal(0, outcome.ExitCode);
            Assert.Equal("", outcome.Error);
            Assert.DoesNotContain('\u001b', outcome.Output);
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement[] findings = [.. json.RootElement.GetProperty("findings").EnumerateArray()];
            string[] names = [.. findings.Select(finding => finding.GetProperty("name").GetString()!)];
            Assert.Superset(new HashSet<string> { "processor", "libedgeml", "ONNX Runtime", "cuda", "tensorrt-ep", "TensorRT", "NVML", "INA3221", "RAPL",
                "shipped model", "engines" }, names.ToHashSet());
            foreach (
                JsonElement sensor in findings.Where(finding => finding.GetProperty("name").GetString() is "NVML" or "INA3221" or "RAPL"))
            {
                Assert.NotEmpty(sensor.GetProperty("looked").EnumerateArray());
                Assert.NotEqual("", sensor.GetProperty("value").GetString());
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Doctor_LibraryThatDoesNotLoad_IsARowAndNoFailure()
    {
        Outcome outcome = EdgemlProcess.Run(
            new Dictionary<string, string> { ["EDGEML_ONNXRUNTIME"] = "/no/such/libonnxruntime.so" }, "doctor");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"--  ONNX Runtime .*/no/such/libonnxruntime\.so", outcome.Output);
        Assert.Contains("EDGEML_ONNXRUNTIME=/no/such/libonnxruntime.so", outcome.Output);
    }

    [Theory]
    [InlineData("", "route A (the device decides)")]
    [InlineData("version=12030", "route B (a graph per stretch); route A: conditional nodes need CUDA 12.4, the driver is 12.3")]
    [InlineData("no_capture", "route C (plain calls); route A: ")]
    public void Doctor_OnDoubles_ListsDriverLibrariesPluginsAndTheRouteWithItsReason(string fault, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(new Dictionary<string, string>(BackendDoubles.Require()) { ["EDGEML_FAKE_CUDA"] = fault }, "doctor");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"ok  CUDA driver +1\d\.\d from .*libedgeml_fake_cuda\.so, Fake CUDA device \(0000:fa:ce\.0\), capability 8\.6, 8\.0 GiB", outcome.Output);
        Assert.Contains(expected, outcome.Output);
        Assert.Matches(@"ok  TensorRT +10\.\d+\.\d+\.\d+ from .*libnvinfer\.so\.10, plug-in .*libedgeml_trt10\.so", outcome.Output);
        Assert.Matches(@"ok  plug-in +for TensorRT 10: works with 10\.3\.\d+\.\d+ and later", outcome.Output);
    }
}
