using System.Diagnostics;
using System.Text.Json;

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
            Assert.Superset(new HashSet<string> { "processor", "libedgeml", "ONNX Runtime", "TensorRT", "NVML", "INA3221", "RAPL",
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
        using Process process =
            EdgemlProcess.Start(start => start.Environment["EDGEML_ONNXRUNTIME"] = "/no/such/libonnxruntime.so", "doctor");
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        Assert.Equal(0, process.ExitCode);
        Assert.Matches(@"--  ONNX Runtime .*/no/such/libonnxruntime\.so", output);
        Assert.Contains("EDGEML_ONNXRUNTIME=/no/such/libonnxruntime.so", output);
    }
}
