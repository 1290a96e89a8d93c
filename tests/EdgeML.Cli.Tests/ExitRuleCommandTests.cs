using System.Text.Json;

namespace EdgeML.Cli.Tests;

public sealed class ExitRuleCommandTests(ITestOutputHelper output) : FolderTests
{
    static string Shipped => Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx");

    Outcome Run(params string[] arguments)
    {
        Outcome outcome = EdgemlProcess.Run(arguments);
        output.WriteLine(outcome.Output + outcome.Error);
        return outcome;
    }

    [Fact]
    public void Rule_PreparedRecordedAndCalibrated_IsNamedEverywhere()
    {
        string package = this["package"], exits = this["exits.csv"], run = this["run.json"];
        Outcome prepared = Run("prepare", Shipped, "--out", package, "--exit-rule", "margin");
        Assert.Equal(0, prepared.ExitCode);
        Assert.Contains("exit rule: margin", prepared.Output);
        Assert.Contains("exit rule: margin", Run("inspect", package).Output);
        Assert.Equal(0, Run("record", "--model", package, "--data", "shapes:seed=5,difficulty=mixed", "--count", "120", "--out", exits).ExitCode);
        Assert.StartsWith("index,label,pred1,margin@1,pred2,margin@2", File.ReadLines(exits).First(), StringComparison.Ordinal);
        Outcome other = Run("calibrate", package, "--exits", exits, "--max-loss", "10", "--exit-rule", "entropy");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("are of the exit rule margin, model shapes-vgg decides by entropy", Assert.Single(other.ErrorLines));
        Outcome own = Run("calibrate", package, "--exits", exits, "--max-loss", "10");
        Assert.Equal(0, own.ExitCode);
        Assert.Contains("exit rule   margin", own.Output);
        Assert.Equal(0, Run("run", "--model", package, "--data", "shapes:seed=5,difficulty=easy", "--count", "20", "--thresholds", "1,1,1", "--json", run).ExitCode);

        Outcome changed = Run("calibrate", package, "--data", "shapes:seed=6,difficulty=mixed", "--count", "120", "--max-loss", "10", "--exit-rule", "patience:2");
        Assert.Equal(0, changed.ExitCode);
        Assert.Contains("exit rule: patience:2", Run("inspect", package).Output);
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "model.json")));
        Assert.Equal("patience:2", manifest.RootElement.GetProperty("exitRule").GetString());
    }

    [Theory]
    [InlineData("median", "'median' is no exit rule; those are entropy, max-probability, margin, patience:K")]
    [InlineData("patience:1", "'patience:1' is no exit rule")]
    [InlineData("patience:4", "patience:4 waits for 4 side exits that agree, the model has 3")]
    public void Prepare_NoSuchRule_OneLine(string rule, string message)
    {
        Outcome outcome = Run("prepare", Shipped, "--out", this["package"], "--exit-rule", rule);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message.Replace("the model has 3", "model shapes-vgg has 3", StringComparison.Ordinal), Assert.Single(outcome.ErrorLines));
        Assert.False(Directory.Exists(this["package"]));
    }

    [Fact]
    public void Run_CustomRule_IsRefusedInOneLine()
    {
        Assert.Equal(0, Run("prepare", Shipped, "--out", this["package"], "--exit-rule", "custom:boxes").ExitCode);
        foreach (string[] command in (string[][])[
            ["run", "--model", this["package"], "--data", "shapes:seed=5,difficulty=easy", "--count", "5"],
            ["tail", "--model", this["package"], "--listen", "127.0.0.1:0"]])
        {
            Outcome outcome = Run(command);
            Assert.Equal(2, outcome.ExitCode);
            Assert.Contains("decides about its exits by custom:boxes, and no rule of the program is given", Assert.Single(outcome.ErrorLines));
        }
    }

    [Fact]
    public void Curve_SeveralRules_OneTable()
    {
        string json = this["rules.json"];
        Assert.Equal(0, Run("prepare", Shipped, "--out", this["package"]).ExitCode);
        Outcome outcome = Run(
            "curve", "--model", this["package"], "--data", "shapes:seed=2001,difficulty=mixed", "--count", "60", "--exit-rules",
            "entropy,max-probability,margin,patience:2", "--json", json);
        Assert.Equal(0, outcome.ExitCode);
        foreach (string rule in (string[])["entropy", "max-probability", "margin", "patience:2"]) Assert.Contains($"| {rule} |", outcome.Output);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(json));
        Assert.Equal(4, report.RootElement.GetProperty("rules").GetArrayLength());
        Assert.Equal(2, Run("curve", "--model", this["package"], "--data", "shapes:seed=2001,difficulty=mixed", "--exit-rules", "patience:4").ExitCode);
    }
}
