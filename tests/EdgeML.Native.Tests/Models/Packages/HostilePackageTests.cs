using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Packages;

/// <summary>Packages whose digests are right and whose numbers are not: found by fuzzing (tests/EdgeML.Fuzz), or by reading beside it.</summary>
public sealed class HostilePackageTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public HostilePackageTests() =>
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), _folder["package"], null, new ShapeRunner());

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("\"idleWatts\": 2", "\"idleWatts\": 1e999", "power of Infinity W")]
    [InlineData("\"radioWatts\": 1.2", "\"radioWatts\": -3", "power of -3 W")]
    public void Open_ProfileWithImpossibleNumbers_IsRefused(string good, string bad, string message)
    {
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
            package.SaveProfile(new DeviceProfile { Device = "d", UnitMs = [.. package.Manifest.Units.Select(_ => 1.0)], HeadMs = [1.0] });
        Replace("device.json", good, bad);
        Refused(message);
    }

    /// <summary>Each alone is a number, but a sum of them is none.</summary>
    [Fact]
    public void SaveProfile_TimesBeyondEveryDevice_AreRefused()
    {
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        var profile = new DeviceProfile { Device = "d", UnitMs = [.. package.Manifest.Units.Select(_ => 1e308)], HeadMs = [1.0] };
        Assert.Contains("time of 1E+308 ms", Assert.Throws<InvalidDataException>(() => package.SaveProfile(profile)).Message);
    }

    [Fact]
    public void Open_BottleneckWhoseLossIsNoNumber_IsRefused()
    {
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
            package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 1)]);
        string text = File.ReadAllText(_folder["package/bottlenecks.json"]);
        int at = text.IndexOf("\"lost\": ", StringComparison.Ordinal) + 8;
        File.WriteAllText(_folder["package/bottlenecks.json"], text[..at] + "1e999" + text[text.IndexOf(',', at)..]);
        Refused("bottlenecks.json: a bottleneck loses more than a number");
    }

    [Theory]
    [InlineData(10, 9)]
    [InlineData(0, -1)]
    public void SaveGuarantee_MoreLossesThanSamples_IsRefused(int losses, int samples)
    {
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        var guarantee = new AccuracyGuarantee
        {
            Model = package.Manifest.Hash,
            MaxLoss = 0.01,
            Confidence = 0.9,
            Labelled = true,
            Limits = [0.5f],
            DiffersAtMost = 0.02,
            Samples = samples,
            Losses = losses,
            Source = "s",
        };
        Assert.Contains($"{losses} losses of {samples}", Assert.Throws<InvalidDataException>(() => package.SaveGuarantee(guarantee)).Message);
    }

    [Theory]
    [InlineData("edgeml-calibration 1,exits=2,labelled=yes,source=x\n0.5,1,0.25,1\n")]
    [InlineData("edgeml-calibration 1,exits=2,labelled=,source=x\n0.5,1,0.25,1\n")]
    public void Open_CalibrationNeitherLabelledNorNot_IsRefused(string text)
    {
        File.WriteAllText(_folder["package/calibration.csv"], text);
        Refused("calibration.csv: line 1 is neither");
    }

    [Theory]
    [InlineData("\"classNames\": []", "\"classNames\": [null, null, null, null, null]", "a list holds null")]
    [InlineData("\"byteScale\": ", "\"byteScale\": 1e300, \"old\": ", "the byte scale is 1E+300")]
    [InlineData("\"form\": \"logits\"", "\"form\": 99", "exit 1 has the form 99")]
    [InlineData("\"hash\": \"sha256:", "\"hash\": \"sha256:z\", \"old\": \"", "is not sha256: and 64 digits")]
    [InlineData("\"macs\": ", "\"macs\": 9223372036854775807, \"old\": ", "9223372036854")]
    public void Open_ManifestWithImpossibleValues_IsRefused(string good, string bad, string message)
    {
        Replace("model.json", good, bad);
        Refused(message);
    }

    /// <summary>A dimension above an int ended in an OverflowException.</summary>
    [Fact]
    public void Open_GraphWithAnEnormousDimension_IsRefused()
    {
        string path = _folder["package/graph.onnx"];
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));
        model.Graph.Input[0].Type.TensorType.Shape.Dim[1].DimValue = 5_000_000_000;
        byte[] bytes = model.ToByteArray();
        File.WriteAllBytes(path, bytes);
        ModelManifest manifest = PackageJson.Read(_folder["package/model.json"], PackageJson.Default.ModelManifest);
        var file = new PackageFile("graph.onnx", bytes.Length, ContentHash.Of(bytes));
        PackageJson.WriteManifest(_folder["package"], manifest with { Files = [file, .. manifest.Files.Where(each => each.Name != file.Name)] });
        Refused("of cut 0");
    }

    void Replace(string name, string good, string bad)
    {
        string path = _folder["package/" + name], text = File.ReadAllText(path);
        int at = text.IndexOf(good, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        File.WriteAllText(path, text[..at] + bad + text[(at + good.Length)..]);
    }

    void Refused(string message) =>
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
}
