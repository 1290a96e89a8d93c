using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

public sealed class CodecsTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    [Fact]
    public void Codecs_Int8_LosesNextToNothingAtAQuarterOfTheBytes()
    {
        string json = package["codecs.json"];
        Outcome outcome = EdgemlProcess.Run(
            "codecs", "--model", package.Model, "--data", "shapes:seed=3001,difficulty=mixed", "--count", "40", "--cuts", "candidates",
            "--only", "int8",
            "--json", json);
        output.WriteLine(outcome.Output + outcome.Error);
        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(json));
        JsonElement[] rows = [.. report.RootElement.GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.InRange(row.GetProperty("differs").GetDouble(), 0, 0.05));
        Assert.Equal(27652, rows[0].GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void Codecs_BottlenecksWithoutData_AreRefusedInOneLine()
    {
        Outcome outcome = EdgemlProcess.Run("codecs", "--model", package.Model, "--data", "shapes:seed=1", "--only", "bottleneck");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal("edgeml: --only bottleneck goes with --bottlenecks SPEC, or with a package that holds some",
            Assert.Single(outcome.ErrorLines));
    }

    [Theory]
    [InlineData("8,0", "--ratios is '8,0', not whole numbers in 1..256")]
    [InlineData("8;16", "--ratios is '8;16', not whole numbers in 1..256")]
    public void Codecs_RatiosThatAreNone_AreRefusedInOneLine(string ratios, string expected)
    {
        Outcome outcome = EdgemlProcess.Run(
            "codecs", "--model", package.Model, "--data", "shapes:seed=1", "--bottlenecks", "shapes:seed=2", "--ratios", ratios);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal($"edgeml: {expected}", Assert.Single(outcome.ErrorLines));
    }
}
