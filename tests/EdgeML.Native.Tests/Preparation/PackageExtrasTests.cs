using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;

namespace EdgeML.Native.Tests.Preparation;

public sealed class PackageExtrasTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    PreparedModel Prepare(string graph, bool force = false, PrepareOptions? options = null, string file = "test.onnx") =>
        ModelPreparation.Prepare(
            _folder.Write(file, Graphs.All[graph]().Bytes), _folder["package"], (options ?? new PrepareOptions()) with { Force = force },
            new ShapeRunner());

    /// <summary>Gives the package everything that can be measured of one.</summary>
    void Measure()
    {
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        int exits = package.Manifest.Exits.Count;
        package.SaveCalibration(Calibration(exits, 20));
        package.SaveGuarantee(new AccuracyGuarantee
        {
            Model = package.Manifest.Hash,
            MaxLoss = 0.005,
            Confidence = 0.95,
            Labelled = true,
            Limits = [.. Enumerable.Repeat(0.2f, exits - 1)],
            DiffersAtMost = 0.01,
            Samples = 20,
            Losses = 0,
            Source = "pictures",
        });
        package.SaveProfile(new DeviceProfile
        {
            Device = "bench",
            UnitMs = [.. package.Manifest.Units.Select(_ => 1.0)],
            HeadMs = [.. package.Manifest.Exits.SkipLast(1).Select(_ => 0.1)],
        });
    }

    static ExitCalibration Calibration(int exits, int samples) => new(
        exits, [.. Enumerable.Range(0, samples * exits).Select(i => (i % 9) / 10f)],
        [.. Enumerable.Range(0, samples * exits).Select(i => i % 3 > 0)], "pictures, and more", labelled: true);

    [Fact]
    public void Prepare_SameModelAgain_KeepsWhatWasMeasured()
    {
        Prepare("residual");
        Measure();
        // Another name of the same file is the same model.
        PreparedModel again = Prepare("residual", file: "renamed.onnx");

        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        Assert.Equal(20, package.Calibration!.Samples);
        Assert.Equal("pictures, and more", package.Calibration.Source);
        Assert.Equal(0.2f, package.Guarantee!.Limits[0]);
        Assert.Equal("bench", package.Profile!.Device);
        Assert.Contains(again.Notes, note => note.Contains("the calibration on 20 samples", StringComparison.Ordinal));
        Assert.Contains(again.Notes, note => note.Contains("the promise of at most 0.5 points lost is kept", StringComparison.Ordinal));
    }

    [Fact]
    public void Prepare_OtherModel_IsRefusedAndChangesNothingUnlessForced()
    {
        Prepare("residual");
        Measure();
        byte[] before = File.ReadAllBytes(_folder["package/model.json"]);

        string refusal = Assert.Throws<ArgumentException>(() => Prepare("chain")).Message;
        Assert.Contains("the calibration on 20 samples of pictures", refusal);
        Assert.Contains("the promise of at most 0.5 points lost", refusal);
        Assert.Contains("the profile of bench", refusal);
        Assert.Contains("another model (sha256:", refusal);
        Assert.Contains("--force", refusal);
        Assert.DoesNotContain('\n', refusal);
        Assert.Equal(before, File.ReadAllBytes(_folder["package/model.json"]));
        Assert.True(File.Exists(_folder["package/promise.json"]));

        Prepare("chain", force: true);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        Assert.Null(package.Calibration);
        Assert.Null(package.Guarantee);
        Assert.Null(package.Profile);
    }

    [Fact]
    public void Prepare_SameModelWithOtherExits_IsRefused()
    {
        Prepare("residual");
        Measure();
        string refusal = Assert.Throws<ArgumentException>(() => Prepare("residual", options: new PrepareOptions { Exits = [] })).Message;
        Assert.Contains("the same model with other exits or input", refusal);
    }

    [Fact]
    public void Prepare_SameModelWithAnotherScaleOfItsInput_IsRefused()
    {
        Prepare("residual");
        Measure();
        Assert.Contains(
            "the calibration", Assert.Throws<ArgumentException>(() => Prepare("residual", options: new PrepareOptions { ByteScale = 1 })).Message);
    }

    [Fact]
    public void Prepare_OverAPackageNobodyCanRead_IsRefusedWhereItHoldsAGuarantee()
    {
        Prepare("residual");
        Measure();
        File.WriteAllText(_folder["package/model.json"], "{}");
        Assert.Contains("cannot be read", Assert.Throws<ArgumentException>(() => Prepare("residual")).Message);
        File.Delete(_folder["package/calibration.csv"]);
        File.Delete(_folder["package/device.json"]);
        File.WriteAllText(_folder["package/promise.json"], "no promise");
        Assert.Contains("promise.json, which cannot be read", Assert.Throws<ArgumentException>(() => Prepare("residual")).Message);
        File.Delete(_folder["package/promise.json"]);
        Prepare("residual");
    }

    [Fact]
    public void SaveCalibration_NamesModelAndExits_AndIsRefusedForAnother()
    {
        Prepare("residual");
        Measure();
        string file = _folder["package/calibration.csv"], text = File.ReadAllText(file);
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
            Assert.StartsWith($"edgeml-calibration 2,exits=2,labelled=1,model={package.Manifest.Hash},names=early;", text);
        File.WriteAllText(file, text.Replace("model=sha256:", "model=sha256:0", StringComparison.Ordinal));
        Assert.Contains("the calibration was made for sha256:0", Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
        // As earlier versions wrote it, which named neither.
        File.WriteAllText(file, "edgeml-calibration 1,exits=2,labelled=1,source=old, and known\n0.5,1,0.25,1\n");
        using ModelPackage old = ModelPackage.Open(_folder["package"]);
        Assert.Equal("old, and known", old.Calibration!.Source);
        Assert.Equal(0.25f, old.Calibration.Entropy(0, 2));
    }

    [Theory]
    [InlineData("edgeml-calibration 2,exits=2,labelled=1,model=M,names=early,source=x\n0.5,1,0.25,1\n", "line 1 names 1 exits of 2")]
    [InlineData("edgeml-calibration 3,exits=2,labelled=1,source=x\n0.5,1,0.25,1\n", "line 1 is neither")]
    [InlineData("edgeml-calibration 1,exits=2,labelled=1,source=x\n", "holds no samples")]
    public void Open_MalformedCalibration_SaysWhat(string content, string text)
    {
        Prepare("residual");
        File.WriteAllText(_folder["package/calibration.csv"], content);
        Assert.Contains(text, Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
    }

    [Fact]
    public void Prepare_CalibrationBesideTheModel_ComesAlongWhereItIsOfThisModel()
    {
        Prepare("residual");
        Measure();
        File.Copy(_folder["package/calibration.csv"], _folder["test.calibration.csv"]);
        Directory.Delete(_folder["package"], recursive: true);

        PreparedModel prepared = Prepare("residual");
        using (ModelPackage package = ModelPackage.Open(_folder["package"])) Assert.Equal(20, package.Calibration!.Samples);
        Assert.Contains(prepared.Notes, note => note.StartsWith("calibrated on 20 samples of pictures", StringComparison.Ordinal));

        PreparedModel other = Prepare("chain", force: true);
        using (ModelPackage package = ModelPackage.Open(_folder["package"])) Assert.Null(package.Calibration);
        Assert.Contains(other.Notes, note => note.StartsWith("test.calibration.csv is left out: it is of sha256:", StringComparison.Ordinal));
    }
}
