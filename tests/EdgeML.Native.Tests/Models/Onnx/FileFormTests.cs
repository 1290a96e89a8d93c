using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Packages;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>The same network in the forms exporters write give the same answers.</summary>
public sealed class FileFormTests : FileRunTests
{
    [Theory]
    [InlineData("opset9")]
    [InlineData("opset21")]
    [InlineData("weights-as-inputs")]
    [InlineData("typed-data")]
    [InlineData("constants")]
    [InlineData("constants-in-the-middle")]
    [InlineData("external")]
    [InlineData("half-weights")]
    public void Prepare_Form_GivesTheSameAnswers(string form)
    {
        float[][] expected = Answers(Graphs.All["chain"]().Model, out ModelManifest plain);
        ModelProto model = Graphs.All["chain"]().Model;
        float tolerance = form == "half-weights" ? 2e-2f : 1e-4f;
        FileForms.Change(model, form, _folder.Path);
        float[][] actual = Answers(model, out ModelManifest manifest);

        Assert.Equal(plain.Units.Select(u => (u.Macs, u.OutBytes)), manifest.Units.Select(u => (u.Macs, u.OutBytes)));
        for (int e = 0; e < expected.Length; e++)
            for (int c = 0; c < expected[e].Length; c++) Assert.Equal(expected[e][c], actual[e][c], tolerance);
    }

    [Fact]
    public void Hash_ExternalWeightChanged_IsAnother()
    {
        ModelProto model = Graphs.All["chain"]().Model;
        FileForms.Change(model, "external", _folder.Path);
        _ = Answers(model, out ModelManifest before);
        byte[] weights = File.ReadAllBytes(_folder["weights.data"]);
        weights[70] ^= 1;
        File.WriteAllBytes(_folder["weights.data"], weights);
        _ = Answers(model, out ModelManifest after);

        Assert.NotEqual(before.Hash, after.Hash);
    }

    float[][] Answers(ModelProto model, out ModelManifest manifest)
    {
        string file = _folder.Write("m.onnx", Google.Protobuf.MessageExtensions.ToByteArray(model));
        ModelPreparation.Prepare(file, _folder["p"]);
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        manifest = package.Manifest;
        using WeightsHandle weights = _runs.Share(package);
        return _runs.Run(package.BuildWhole().Onnx, weights, [.. Enumerable.Range(0, manifest.Input.Elements).Select(i => (i % 7) / 7f)]);
    }
}
