using System.Text.Json;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Tests;

/// <summary>What commands say of a calibration and of its absence, and what <c>prepare</c> does with one.</summary>
public sealed class CalibrationTests(ShippedPackage shipped) : IClassFixture<ShippedPackage>
{
    static readonly string s_model = Path.Combine(EdgemlProcess.RepositoryRoot, "models", "shapes-vgg.onnx");

    [Fact]
    public void Commands_ShippedModel_SayThatItIsCalibrated()
    {
        string facts = shipped["calibrated-facts.json"], run = shipped["calibrated-run.json"];
        Outcome inspected = EdgemlProcess.Run("inspect", shipped.Model, "--json", facts);
        Assert.Equal((0, ""), (inspected.ExitCode, inspected.Error));
        Assert.Contains("calibrated on 2000 samples of shapes:seed=6001,difficulty=mixed", inspected.Output);
        Assert.Equal(2000, Json(facts).GetProperty("calibration").GetProperty("samples").GetInt32());
        Assert.Equal(16, Json(facts).GetProperty("units").GetArrayLength());

        // Bounds that no machine misses.
        Outcome ran = EdgemlProcess.Run(
            "run", "--model", shipped.Model, "--data", "shapes:seed=1,difficulty=mixed", "--count", "200", "--controller", "planner",
            "--latency-ms", "60000", "--energy-j", "1000", "--json", run);
        Assert.Equal((0, ""), (ran.ExitCode, ran.Error));
        Assert.Contains("calibrated on 2000 samples", ran.Output);
        JsonElement root = Json(run);
        Assert.Equal(2000, root.GetProperty("calibration").GetProperty("samples").GetInt32());
        Assert.Equal(200, root.GetProperty("exits")[3].GetProperty("count").GetInt32());
        double expected = root.GetProperty("decisions")[0].GetProperty("expected").GetProperty("accuracy").GetDouble();
        Assert.InRange(expected, 0.92, 0.98);
    }

    [Fact]
    public void Commands_WithoutACalibration_SaySoAndExpectNoAccuracy()
    {
        string package = shipped["uncalibrated"], facts = shipped["facts.json"], run = shipped["run.json"];
        Assert.Equal(0, EdgemlProcess.Run("prepare", s_model, "--out", package).ExitCode);
        File.Delete(Path.Combine(package, "calibration.csv"));
        Outcome inspected = EdgemlProcess.Run("inspect", package, "--json", facts);
        Assert.Contains("not calibrated", inspected.Output);
        Assert.Equal(JsonValueKind.Null, Json(facts).GetProperty("calibration").ValueKind);

        // One that every machine misses, so that exits are used.
        Outcome ran = EdgemlProcess.Run(
            "run", "--model", package, "--data", "shapes:seed=1,difficulty=mixed", "--count", "20", "--controller", "edgeml",
            "--latency-ms", "0.0001", "--json", run);
        Assert.Equal(0, ran.ExitCode);
        Assert.Contains("is not calibrated", Assert.Single(ran.ErrorLines));
        JsonElement root = Json(run);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("calibration").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("decisions")[0].GetProperty("expected").GetProperty("accuracy").ValueKind);
        Assert.Contains("not calibrated", ran.Output);
    }

    [Fact]
    public void Prepare_OverACalibratedPackage_KeepsItOrRefuses()
    {
        string package = shipped["again"];
        Assert.Equal(0, EdgemlProcess.Run("prepare", s_model, "--out", package).ExitCode);
        Assert.Equal(0, EdgemlProcess.Run(
            "calibrate", package, "--data", "shapes:seed=4001,difficulty=easy", "--count", "900", "--max-loss", "2").ExitCode);
        Outcome same = EdgemlProcess.Run("prepare", s_model, "--out", package);
        Assert.Equal((0, ""), (same.ExitCode, same.Error));
        Assert.Contains("the promise of at most 2 points lost is kept", same.Output);
        Assert.Contains("calibrated on 900 samples", EdgemlProcess.Run("inspect", package).Output);

        Outcome other = EdgemlProcess.Run("prepare", s_model, "--out", package, "--exits", "exit1,exit2");
        Assert.Equal(2, other.ExitCode);
        string line = Assert.Single(other.ErrorLines);
        Assert.Contains("the calibration on 900 samples of shapes:seed=4001,difficulty=easy, the promise of at most 2 points lost", line);
        Assert.Contains("--force", line);
        Assert.Contains("calibrated on 900 samples", EdgemlProcess.Run("inspect", package).Output);

        Assert.Equal(0, EdgemlProcess.Run("prepare", s_model, "--out", package, "--exits", "exit1,exit2", "--force").ExitCode);
        Assert.Contains("not calibrated", EdgemlProcess.Run("inspect", package).Output);
    }

    static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
}
