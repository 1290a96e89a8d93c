using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>What users do with a classifier of their own: exits, a guarantee, runs, a tail, the demo.</summary>
public sealed class BranchTests(ITestOutputHelper output) : FolderTests
{
    const string Data = "shapes:seed=71,difficulty=easy", Others = "shapes:seed=72,difficulty=easy",
        Fresh = "shapes:seed=73,difficulty=easy";

    static string Plain(string name) => Path.Combine(EdgemlProcess.RepositoryRoot, "models", "plain", $"plain-{name}.onnx");

    [Fact]
    public async Task Branch_PlainModelsTrainedOnShapes_GoThroughEveryCommandUnchanged()
    {
        // The demo waits more than it computes, so the three go side by side.
        string[] names = ["residual", "inverted", "inception"];
        string[] told = await Task.WhenAll(names.Select(name => Task.Run(() => GoesThrough(name))));
        foreach (string text in told) output.WriteLine(text);

        string[] expected = [.. names.SelectMany(n => new[] { $"{n}", $"{n}.branch.json", $"{n}.demo.json", $"{n}.html",
            $"{n}.promise.json", $"{n}.run.json", $"{n}.tail.json" })];
        Assert.Equal(expected.Order(), Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());
    }

    string GoesThrough(string name)
    {
        string package = this[name];
        Outcome branched = Run(
            "branch", Plain(name), "--data", Data, "--count", "400", "--test", Others, "--test-count", "300", "--exits", "2",
            "--head-budget", "1",
            "--out", package, "--json", this[$"{name}.branch.json"]);
        JsonElement[] exits = [.. Json($"{name}.branch.json").GetProperty("exits").EnumerateArray()];
        Assert.Equal(3, exits.Length);
        Assert.All(exits, exit => Assert.InRange(exit.GetProperty("accuracy").GetDouble(), 0.2, 1)); // one in ten would be chance
        Assert.InRange(exits[2].GetProperty("accuracy").GetDouble(), 0.7, 1);
        Run("inspect", package);

        Run("calibrate", package, "--data", Fresh, "--count", "300", "--max-loss", "5", "--json", this[$"{name}.promise.json"]);
        string guarantee = Json($"{name}.promise.json").GetProperty("digest").GetString()!;
        string[] run = ["run", "--model", package, "--data", Fresh, "--count", "60", "--thresholds", "0.6,0.6"];
        Run([.. run, "--cut", "local", "--json", this[$"{name}.run.json"]]);
        JsonElement local = Json($"{name}.run.json");
        Assert.Equal((60, guarantee), (local.GetProperty("local").GetInt32(),
            local.GetProperty("promise").GetProperty("digest").GetString()));

        using (var tail = new TailProcess(package))
        {
            Run([.. run, "--cut", "2", "--tail", tail.Address, "--codec", "fp32", "--json", this[$"{name}.tail.json"]]);
            Assert.Equal(0, tail.Terminate(TimeSpan.FromSeconds(30)).ExitCode);
        }
        JsonElement offloaded = Json($"{name}.tail.json");
        Assert.InRange(offloaded.GetProperty("offloaded").GetInt32(), 1, 60);
        Assert.Equal(local.GetProperty("correct").GetInt32(),
            offloaded.GetProperty("correct").GetInt32()); // the same network, wherever it runs

        Run("demo", "--model", package, "--data", Fresh, "--tasks", "50", "--rows", "edgeml", "--report", this[$"{name}.html"], "--json",
            this[$"{name}.demo.json"]);
        JsonElement demo = Json($"{name}.demo.json");
        Assert.Equal(50, demo.GetProperty("tasks").GetInt32());
        Assert.Equal("edgeml", Assert.Single(demo.GetProperty("rows").EnumerateArray()).GetProperty("name").GetString());
        return branched.Output;
    }

    [Theory]
    [InlineData("branch GONE --data DATA --out OUT", "there is no model file")]
    [InlineData("branch MODEL --data tensor:NOWHERE --out OUT", "does not exist")]
    [InlineData("branch MODEL --data DATA --out OUT --output nope", "plain-residual.onnx: no output is named 'nope'; there are logits")]
    [InlineData("branch MODEL --data DATA --out OUT --exits 0", "--exits is '0', not a whole number in 1..15")]
    [InlineData("branch MODEL --data DATA --out OUT --count 20", "20 samples of shapes:seed=71,difficulty=easy, at least 100 are needed")]
    [InlineData("branch CUT --data DATA --out OUT", "cut.onnx: not an ONNX model, or one cut off")]
    public void Branch_WhatCannotWork_OneLineExitCode2AndNothingWritten(string commandLine, string expected)
    {
        File.WriteAllBytes(this["cut.onnx"], File.ReadAllBytes(Plain("residual"))[..20_000]);
        string[] arguments = [.. commandLine.Split(' ').Select(a => a switch
        {
            "GONE" => this["gone.onnx"],
            "MODEL" => Plain("residual"),
            "CUT" => this["cut.onnx"],
            "DATA" => Data,
            "OUT" => this["out"],
            _ => a,
        })];

        Outcome outcome = EdgemlProcess.Run(arguments);

        Assert.Equal(2, outcome.ExitCode);
        string line = Assert.Single(outcome.ErrorLines);
        Assert.StartsWith("edgeml: ", line);
        Assert.Contains(expected, line);
        Assert.Equal([this["cut.onnx"]], Directory.GetFileSystemEntries(Folder));
    }

    JsonElement Json(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this[name]));
        return json.RootElement.Clone();
    }

    static Outcome Run(params string[] arguments)
    {
        Outcome outcome = EdgemlProcess.Run(TimeSpan.FromSeconds(180), arguments);
        Assert.True(outcome.ExitCode == 0, $"edgeml {string.Join(' ', arguments)}: {outcome.Error}");
        return outcome;
    }
}
