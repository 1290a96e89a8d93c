using System.Runtime.InteropServices;
using System.Text.Json;

namespace EdgeML.Cli.Tests;

/// <summary>The command with a network whose outputs are taken as they are: the shipped one, with all of its exits as outputs.</summary>
public sealed class RawNetworkCommandTests : FolderTests
{
    const string Data = "shapes:seed=5,difficulty=mixed";

    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    string Prepared(string outputs)
    {
        string package = this["package"];
        Outcome prepared = EdgemlProcess.Run(
            s_limit, "prepare", Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx"), "--out", package, "--outputs", outputs);
        Assert.Equal((0, ""), (prepared.ExitCode, prepared.Error));
        return package;
    }

    [Fact]
    public void Run_ThroughATail_WritesNamedOutputsThatAreTheClassifiersLogits()
    {
        string package = Prepared("raw");
        Outcome inspected = EdgemlProcess.Run("inspect", package, "--json", this["facts.json"]);
        Assert.Contains("output       logits float32 1x", inspected.Output);
        Assert.Contains("4 outputs", inspected.Output);
        using var tail = new TailProcess(package);
        Outcome ran = EdgemlProcess.Run(
            s_limit, "run", "--model", package, "--data", Data, "--count", "5", "--cut", "1", "--tail", tail.Address, "--require-tail",
            "--logits", this["outputs.f32"], "--answers", this["answers.csv"], "--json", this["run.json"]);
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(this["run.json"]));
        Assert.Equal((5, JsonValueKind.Null), (json.RootElement.GetProperty("offloaded").GetInt32(), json.RootElement.GetProperty("accuracy").ValueKind));
        JsonElement[] outputs = [.. json.RootElement.GetProperty("outputs").EnumerateArray()];
        JsonElement logits = outputs.Single(o => o.GetProperty("name").GetString() == "logits");
        int classes = logits.GetProperty("shape")[1].GetInt32(), offset = logits.GetProperty("offset").GetInt32();
        Assert.Equal(["0", ""], File.ReadAllLines(this["answers.csv"])[1].Split(',')[..2]);

        string classifier = this["classifier"];
        EdgemlProcess.Run(s_limit, "prepare", Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx"), "--out", classifier);
        Outcome alone = EdgemlProcess.Run(s_limit, "run", "--model", classifier, "--data", Data, "--count", "5", "--logits", this["logits.f32"]);
        Assert.Equal(0, alone.ExitCode);
        float[] rows = Floats("outputs.f32"), expected = Floats("logits.f32");
        Assert.Equal((5 * outputs.Length * classes, 5 * classes), (rows.Length, expected.Length));
        for (int task = 0; task < 5; task++)
            for (int c = 0; c < classes; c++)
                Assert.Equal(expected[(task * classes) + c], rows[(task * outputs.Length * classes) + offset + c], 1e-4f * Math.Max(1, Math.Abs(expected[(task * classes) + c])));
    }

    [Fact]
    public void Run_UnderAController_SaysThatThereIsNoAccuracy()
    {
        Outcome ran = EdgemlProcess.Run(
            s_limit, "run", "--model", Prepared("logits"), "--data", Data, "--count", "20", "--controller", "edgeml", "--latency-ms", "500");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains("no accuracy (outputs are no class scores)", ran.Output);
        Assert.DoesNotContain("calibrat", ran.Output);
        Assert.DoesNotContain("mean nothing", ran.Output);
    }

    [Fact]
    public void Commands_ThatNeedClasses_AreRefusedInOneLine()
    {
        string package = Prepared("logits");
        foreach (string line in new[]
        {
            $"run --model DIR --data {Data} --count 1 --answers OUT --top 3", $"calibrate DIR --data {Data} --count 50",
            $"curve --model DIR --data {Data} --count 50", $"codecs --model DIR --data {Data} --count 50",
            $"quantize DIR --data {Data} --out OUT",
            $"record --model DIR --data {Data} --count 5 --out OUT", $"run --model DIR --data {Data} --count 1 --thresholds 0.3",
            $"run --model DIR --data {Data} --count 1 --cut 1 --standby 1",
        })
        {
            Outcome outcome = EdgemlProcess.Run(s_limit, [.. line.Split(' ').Select(a => a switch { "DIR" => package, "OUT" => this["out.csv"], _ => a })]);
            Assert.Equal(2, outcome.ExitCode);
            string error = Assert.Single(outcome.ErrorLines);
            Assert.True(error.Contains("needs class scores") || error.Contains("has 0 side exits") || error.Contains("standby"), $"{line}: {error}");
        }
    }

    [Theory]
    [InlineData("--outputs nothing", "no output is named 'nothing'; there are ")]
    [InlineData("--outputs raw --final logits", "a final exit is given for outputs that are taken as they are, which have no classes")]
    [InlineData("--input-shape 3x96x96 --input-shape 3x96x96", "--input-shape gives two shapes without a name")]
    [InlineData("--input-shape other=3x96x96", "no input is named 'other'; there is ")]
    public void Prepare_WrongOptions_SaysWhich(string options, string message)
    {
        Outcome outcome = EdgemlProcess.Run(
            ["prepare", Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx"), "--out", this["package"], .. options.Split(' ')]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, Assert.Single(outcome.ErrorLines));
    }

    float[] Floats(string name) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(this[name])).ToArray();
}
