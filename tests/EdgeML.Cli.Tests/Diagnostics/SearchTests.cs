using System.Security.Cryptography;
using EdgeML.Cli.Diagnostics;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Tests.Diagnostics;

public sealed class SearchTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("edgeml-search").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Find_EmptyMachine_SaysWhereItLooked()
    {
        Finding[] findings = [.. SensorSearch.Find(_root)];

        Assert.Equal(["NVML", "INA3221", "RAPL", "GPU clock", "in use"], findings.Select(finding => finding.Name));
        Assert.All(findings[1..4], finding => Assert.False(finding.Present));
        Assert.All(findings[..4], finding => Assert.NotEmpty(finding.Looked));
        Assert.Contains("declared", findings[4].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Find_JetsonMonitor_IsNamedAndInUse()
    {
        string monitor = Directory.CreateDirectory(Path.Combine(_root, "sys/class/hwmon/hwmon3")).FullName;
        File.WriteAllText(Path.Combine(monitor, "name"), "ina3221\n");
        File.WriteAllText(Path.Combine(monitor, "in1_label"), "VDD_IN\n");
        File.WriteAllText(Path.Combine(monitor, "in1_input"), "5000\n");
        File.WriteAllText(Path.Combine(monitor, "curr1_input"), "1200\n");

        Finding[] findings = [.. SensorSearch.Find(_root)];

        Finding finding = findings.Single(row => row.Name == "INA3221");
        Assert.True(finding.Present);
        Assert.Equal("power of VDD_IN, 6.00 W now", finding.Value);
        Assert.StartsWith("ina3221", findings.Single(row => row.Name == "in use").Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, true, "checksum as committed")]
    [InlineData(false, false, "committed was")]
    public void Model_Checksum_IsCompared(bool right, bool present, string expected)
    {
        string model = Path.Combine(_root, ProjectFolders.ShippedModelFile);
        File.WriteAllBytes(model, [1, 2, 3]);
        string digest = Convert.ToHexStringLower(SHA256.HashData(right ? [1, 2, 3] : (ReadOnlySpan<byte>)[4]));
        File.WriteAllText(Path.Combine(_root, "SHA256SUMS"), $"{digest}  {ProjectFolders.ShippedModelFile}\n");

        Finding finding = ModelSearch.Model([Path.Combine(_root, "elsewhere"), model]);

        Assert.Equal(present, finding.Present);
        Assert.Contains(expected, finding.Value);
    }

    [Fact]
    public void Model_Missing_ListsThePlaces() => Assert.Equal(["a", "b"], ModelSearch.Model(["a", "b"]).Looked);
}
