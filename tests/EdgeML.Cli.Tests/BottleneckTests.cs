using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>Bottlenecks from the command that makes them to a tail that reads them.</summary>
public sealed class BottleneckTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    const string Data = "shapes:seed=5,difficulty=mixed";
    const int Count = 20;

    [Fact]
    public void Codecs_Add_KeepsBottlenecksThatRunAndTailUse()
    {
        Outcome made = EdgemlProcess.Run(
            TimeSpan.FromSeconds(240),
            "codecs", "--model", package.Model, "--data", Data, "--count", "30", "--cuts", "pools", "--only", "bottleneck", "--bottlenecks",
            "shapes:seed=1001,difficulty=mixed", "--fit-count", "60", "--ratios", "8,32", "--max-loss", "10", "--add", "--svg", package["curve.svg"]);
        output.WriteLine(made.Output + made.Error);
        Assert.Equal(0, made.ExitCode);
        Assert.StartsWith("<svg", File.ReadAllText(package["curve.svg"]), StringComparison.Ordinal);

        Outcome listed = EdgemlProcess.Run("inspect", package.Model);
        Assert.Contains("bottleneck 1: cut ", listed.Output);

        float[] here = Logits("here", "--bottleneck", "1"), plain = Logits("plain", "--cut", "local");
        using (var tail = new TailProcess(package.Model))
        {
            float[] remote = Logits("remote", "--bottleneck", "1", "--tail", tail.Address, "--deadline-ms", "20000", "--json",
                package["remote.json"]);
            Assert.All(here.Zip(remote), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
        Assert.NotEqual(plain, here);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package["remote.json"]));
        Assert.Equal(Count, json.RootElement.GetProperty("offloaded").GetInt32());

        Outcome missing = EdgemlProcess.Run("run", "--model", package.Model, "--data", Data, "--bottleneck", "99");
        Assert.Equal(2, missing.ExitCode);
        Assert.StartsWith("edgeml: bottleneck 99 does not exist", Assert.Single(missing.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Codecs_AddWithoutData_IsRefusedInOneLine()
    {
        Outcome outcome = EdgemlProcess.Run("codecs", "--model", package.Model, "--data", Data, "--add");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal("edgeml: --add goes with --bottlenecks SPEC", Assert.Single(outcome.ErrorLines));
    }

    float[] Logits(string name, params string[] more)
    {
        Outcome outcome = EdgemlProcess.Run(
            TimeSpan.FromSeconds(120),
            ["run", "--model", package.Model, "--data", Data, "--count", $"{Count}", "--logits", package[$"{name}.bin"], .. more]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(package[$"{name}.bin"])).ToArray();
    }
}
