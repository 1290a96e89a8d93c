using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>Why the tail was not used: in the summary, in JSON, once on stderr, and on the tail itself.</summary>
public sealed class TailReasonTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    string[] Run(string tail, string json, params string[] more) =>
    [
        "run", "--model", package.Model, "--data", "shapes:seed=3,difficulty=mixed", "--count", "20", "--cut", "2", "--tail", tail,
        "--json", package[json], .. more,
    ];

    void AssertReason(string tail, string key, string part)
    {
        Outcome outcome = EdgemlProcess.Run(Run(tail, $"{key}.json"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: warning: ", line, StringComparison.Ordinal);
        Assert.Contains(part, line, StringComparison.Ordinal);
        string summary = Assert.Single(
            outcome.Output.Split('\n'), text => text.StartsWith("tail  ", StringComparison.Ordinal));
        Assert.Contains(part, summary, StringComparison.Ordinal);
        Assert.Contains($"{key} 20", summary, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package[$"{key}.json"]));
        JsonElement said = json.RootElement.GetProperty("tail");
        Assert.Equal("down", said.GetProperty("state").GetString());
        Assert.Equal(key, said.GetProperty("reason").GetString());
        Assert.Contains(part, said.GetProperty("fault").GetString(), StringComparison.Ordinal);
        Assert.Equal(20, said.GetProperty("fallbacks").GetProperty(key).GetInt32());

        Outcome required = EdgemlProcess.Run(Run(tail, "required.json", "--require-tail"));
        Assert.Equal(1, required.ExitCode);
        string error = Assert.Single(required.ErrorLines);
        Assert.StartsWith("edgeml: the tail ", error, StringComparison.Ordinal);
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Equal("", required.Output);
        Assert.False(File.Exists(package["required.json"]));
    }

    [Fact]
    public void NothingListens() => AssertReason("127.0.0.1:1", "connectionRefused", "127.0.0.1:1");

    [Fact]
    public void UnknownHost() => AssertReason("no.such.host.invalid:7410", "unknownHost", "no.such.host.invalid");

    [Fact]
    public void AnotherModel()
    {
        string onnx = Path.Combine(EdgemlProcess.RepositoryRoot, "models", "plain", "plain-residual.onnx");
        Outcome prepared = EdgemlProcess.Run("prepare", onnx, "--out", package["other"]);
        Assert.True(prepared.ExitCode == 0, prepared.Error);
        using var tail = new TailProcess(package["other"]);
        AssertReason(tail.Address, "otherModel", "another model");
        Outcome second = EdgemlProcess.Run("tail", "--model", package["other"], "--listen", tail.Address);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains($"cannot listen on {tail.Address}", Assert.Single(second.ErrorLines), StringComparison.Ordinal);
        string[] lines = tail.Terminate(TimeSpan.FromSeconds(20)).ErrorLines;
        Assert.Contains("tail refused 127.0.0.1:", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Equal(2, lines[0].Split("sha256:").Length - 1);
    }

    [Fact]
    public void UsableTail_IsUpAndNothingIsSaid()
    {
        using var tail = new TailProcess(package.Model);
        Outcome outcome = EdgemlProcess.Run(Run(tail.Address, "up.json", "--require-tail", "--deadline-ms", "60000"));
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal("", outcome.Error);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(package["up.json"]));
        JsonElement said = json.RootElement.GetProperty("tail");
        Assert.Equal(("up", JsonValueKind.Null), (said.GetProperty("state").GetString(), said.GetProperty("reason").ValueKind));
        Assert.Empty(said.GetProperty("fallbacks").EnumerateObject());
        Assert.Equal(20, json.RootElement.GetProperty("offloaded").GetInt32());
    }
}
