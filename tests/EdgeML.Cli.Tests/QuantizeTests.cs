using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.Tests;

/// <summary>From a float32 package to an int8 one, and what that does as a package: through a tail, under a promise.</summary>
public sealed class QuantizeTests(ShippedPackage package, ITestOutputHelper output) : FolderTests, IClassFixture<ShippedPackage>
{
    const string Data = "shapes:seed=81,difficulty=mixed", Fresh = "shapes:seed=82,difficulty=mixed";

    [Fact]
    public void Quantize_ShippedPackage_RunsDividedWithAByteAnElement()
    {
        Outcome outcome = Run(
            "quantize", package.Model, "--data", Data, "--samples", "64", "--test-count", "200", "--max-loss", "3", "--out", this["int8"], "--onnx",
            this["int8.onnx"], "--json", this["quantize.json"]);
        output.WriteLine(outcome.Output);
        JsonElement report = Json("quantize.json");
        Assert.Equal((64, 200), (report.GetProperty("rangingSamples").GetInt32(), report.GetProperty("judgingSamples").GetInt32()));
        Assert.Equal(["exit1", "exit2", "exit3", "logits"], report.GetProperty("exits").EnumerateArray().Select(exit => exit.GetProperty("name").GetString()));
        Assert.InRange(report.GetProperty("pointsLost").GetDouble(), -3, 3);
        Assert.Contains("points lost", outcome.Output, StringComparison.Ordinal);
        // The file is a model like any other.
        Run("prepare", this["int8.onnx"], "--out", this["again"]);

        using ModelPackage int8 = ModelPackage.Open(this["int8"]);
        Run("calibrate", this["int8"], "--data", Fresh, "--count", "300", "--max-loss", "5");
        string[] run = ["run", "--model", this["int8"], "--data", Fresh, "--count", "20", "--thresholds", "0,0,0"];
        Run([.. run, "--cut", "local", "--logits", this["local.f32"], "--json", this["local.json"]]);
        byte[] local = File.ReadAllBytes(this["local.f32"]);
        using var tail = new TailProcess(this["int8"]);
        foreach (CutInfo cut in int8.Manifest.Cuts.Where(cut => cut.Candidate && cut.K < int8.Manifest.LocalCut))
        {
            Run([.. run, "--cut", $"{cut.K}", "--tail", tail.Address, "--deadline-ms", "20000", "--logits", this["cut.f32"], "--json", this["cut.json"]]);
            JsonElement offloaded = Json("cut.json");
            Assert.Equal((20, 0), (offloaded.GetProperty("offloaded").GetInt32(), offloaded.GetProperty("fallbacks").GetInt32()));
            Assert.Equal(local, File.ReadAllBytes(this["cut.f32"])); // integers travel: the same bits whoever finishes
            long payload = 20L * int8.Manifest.BoundaryElements(cut.K);
            Assert.InRange(offloaded.GetProperty("bytesSent").GetInt64(), payload, payload + (20 * 400));
        }
    }

    [Theory]
    [InlineData("quantize GONE --data DATA --out OUT", "is not a package")]
    [InlineData("quantize MODEL --data tensor:NOWHERE --out OUT", "does not exist")]
    [InlineData("quantize MODEL --data DATA --out OUT --skip conv99", "--skip names 'conv99', which is no layer that can be quantised; there are conv1")]
    [InlineData("quantize MODEL --data DATA --out OUT --method best", "--method is 'best', not one of mse, minmax, percentile")]
    [InlineData("quantize MODEL --data DATA --out OUT --samples 3", "3 samples of shapes:seed=81,difficulty=mixed")]
    [InlineData("quantize MODEL --data DATA --out OUT --test-count 7", "7 samples of shapes:seed=81,difficulty=mixed beside the 512 for calibration")]
    [InlineData("quantize MODEL --data DATA --out OUT --max-loss 0", "--max-loss")]
    [InlineData("quantize MODEL --data DATA --out MODEL", "the quantised one needs another folder")]
    public void Quantize_BadInput_OneLineAndNothingWritten(string line, string reason)
    {
        string[] args =
        [
            .. line.Split(' ').Select(word => word switch
            {
                "GONE" => this["gone"],
                "MODEL" => package.Model,
                "DATA" => Data,
                "OUT" => this["out"],
                _ => word,
            }),
        ];

        Outcome outcome = EdgemlProcess.Run(args);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(reason, outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.Trim().Split('\n'));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Quantize_EndedByInterrupt_LeavesNothing()
    {
        using ChildProcess process = EdgemlProcess.Start(
            "quantize", package.Model, "--data", Data, "--samples", "16", "--test-count", "50", "--max-loss", "90", "--out", this["int8"]);
        // As soon as something is being written, beside its place.
        SpinWait.SpinUntil(() => process.HasExited || Directory.GetFileSystemEntries(Folder).Length > 0, TimeSpan.FromSeconds(60));
        process.Send(Signals.Interrupt);

        Outcome ended = process.WaitForEnd(TimeSpan.FromSeconds(60));

        Assert.Equal((130, ""), (ended.ExitCode, ended.Error));
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
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
