using System.Text.Json;

namespace EdgeML.Cli.Tests;

/// <summary><c>edgeml run</c> with several tails.</summary>
public sealed class SeveralTailsTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    string[] Run(string json, params string[] more) =>
    [
        "run", "--model", package.Model, "--data", "shapes:seed=3,difficulty=mixed", "--count", "20", "--cut", "2", "--deadline-ms", "60000",
        "--json", package[json], .. more,
    ];

    JsonElement[] Tails(string json, int offloaded)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(package[json]));
        Assert.Equal(offloaded, document.RootElement.GetProperty("offloaded").GetInt32());
        return [.. document.RootElement.GetProperty("tails").EnumerateArray().Select(tail => tail.Clone())];
    }

    [Fact]
    public void Balanced_EveryTaskIsAnsweredByOneOfThem_AndEachHasALine()
    {
        using var first = new TailProcess(package.Model);
        using var second = new TailProcess(package.Model);
        Outcome outcome = EdgemlProcess.Run(
            Run("balanced.json", "--tail", $"{first.Address}@2,{second.Address}", "--tail-choice", "balanced", "--tail-hedge", "0.95"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        JsonElement[] tails = Tails("balanced.json", offloaded: 20);
        Assert.Equal([first.Address, second.Address], tails.Select(tail => tail.GetProperty("address").GetString()));
        Assert.Equal([2.0, 1.0], tails.Select(tail => tail.GetProperty("weight").GetDouble()));
        Assert.Equal(20, tails.Sum(tail => tail.GetProperty("answered").GetInt64()));
        string[] lines = [.. outcome.Output.Split('\n').Where(line => line.StartsWith("tail  ", StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        Assert.Contains($"{second.Address} up", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Ordered_FirstIsNotThere_SecondAnswersAndTheWarningSaysSo()
    {
        using var second = new TailProcess(package.Model);
        Outcome outcome = EdgemlProcess.Run(Run("ordered.json", "--tail", "127.0.0.1:1", "--tail", second.Address, "--require-tail"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        JsonElement[] tails = Tails("ordered.json", offloaded: 20);
        Assert.Equal(["down", "up"], tails.Select(tail => tail.GetProperty("state").GetString()));
        Assert.Equal([0L, 20L], tails.Select(tail => tail.GetProperty("answered").GetInt64()));
    }

    [Fact]
    public void NoneIsThere_TheEdgeAnswers_RequiredNamesBoth()
    {
        string[] tails = ["--tail", "127.0.0.1:1,127.0.0.1:2"];
        Outcome outcome = EdgemlProcess.Run(Run("none.json", tails));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("another tail or the edge answers instead", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(2, Tails("none.json", offloaded: 0).Length);
        Outcome required = EdgemlProcess.Run(Run("required.json", [.. tails, "--require-tail"]));
        Assert.Equal(1, required.ExitCode);
        Assert.Contains("127.0.0.1:1: ", required.Error, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:2: ", required.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a:1@0", null, null, "--tail is 'a:1@0', whose weight after @ is not a number in 0.001..1000")]
    [InlineData("a:1,a:1", null, null, "--tail names a:1 twice")]
    [InlineData("a:1,b", null, null, "--tail is 'b', not HOST:PORT with a port in 1..65535")]
    [InlineData("a:1@2,b:1", null, null, "--tail gives a:1 the weight 2; weights go with several tails and --tail-choice balanced")]
    [InlineData("a:1", "--tail-choice", "balanced", "--tail-choice goes with several tails, --tail names 1")]
    [InlineData("a:1", "--tail-hedge", "0.9", "--tail-hedge goes with several tails, --tail names 1")]
    [InlineData("a:1,b:1", "--tail-hedge", "0.2", "--tail-hedge is 0.2, not a quantile in 0.5..0.999")]
    public void OptionsThatDoNotGoTogether_AreRefused(string tails, string? option, string? value, string error)
    {
        string[] more = option is null ? [] : [option, value!];
        Outcome outcome = EdgemlProcess.Run(Run("refused.json", ["--tail", tails, .. more]));
        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"edgeml: {error}", Assert.Single(outcome.ErrorLines), StringComparison.Ordinal);
    }
}
