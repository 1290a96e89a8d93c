using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;

namespace EdgeML.Native.Tests.Preparation.Graph;

public sealed class PackedCutsTests(ITestOutputHelper output) : FileRunTests
{
    [Theory]
    [InlineData(9)]
    [InlineData(13)]
    [InlineData(21)]
    public void Prepare_TensorsThatAlwaysCrossTogether_ArePackedAndEveryCutGivesTheSameAnswer(int opset)
    {
        OnnxBuilder builder = Graphs.All["two-lanes"]();
        builder.Model.OpsetImport[0].Version = opset;
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["p"]).Manifest;
        foreach (UnitInfo unit in manifest.Units) output.WriteLine($"{unit.Index} {unit.Name} {unit.Macs} {manifest.Cuts[unit.Index]}");
        CutInfo[] packed = [.. manifest.Cuts.Where(c => c.Tensor.StartsWith(PackedCuts.Prefix, StringComparison.Ordinal))];

        Assert.NotEmpty(packed);
        long total = manifest.Units.Sum(u => u.Macs);
        Assert.All(manifest.Units, unit => Assert.True(unit.Macs <= 0.4 * total, $"{unit.Name}: {unit.Macs} of {total}"));
        // Both lanes, 8 and 4 maps of 4 x 4; two 8 x 4 x 4 where the step is under way.
        Assert.All(packed, cut => Assert.InRange(cut.Bytes, 12 * 16 * 4, 20 * 16 * 4));
        Assert.Equal(1, manifest.Exits[0].AfterUnit - manifest.Units.ToList().FindIndex(u => u.Name.StartsWith("maxpool",
            StringComparison.Ordinal)));

        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using WeightsHandle weights = _runs.Share(package);
        float[] image = [.. Enumerable.Range(0, manifest.Input.Elements).Select(i => (i % 7) / 7f)];
        float[][] expected = _runs.Run(builder.Bytes, null, image);
        float[] x = image;
        for (int cut = 1; cut < manifest.Units.Count; cut++)
        {
            x = _runs.Run(package.BuildRange(cut, cut, null, emitBoundary: true).Onnx, weights, x)[0];
            float[] answer = _runs.Run(package.BuildRange(cut + 1, manifest.Units.Count, null, emitBoundary: false).Onnx, weights, x)[0];
            for (int i = 0; i < answer.Length; i++) Assert.Equal(expected[^1][i], answer[i], 1e-4f);
        }
    }

    [Theory]
    [InlineData("chain")]
    [InlineData("softmax")]
    public void Prepare_OneTensorCrossesOftenEnough_NothingIsPacked(string name)
    {
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All[name]().Bytes), _folder["p"]).Manifest;

        Assert.DoesNotContain(manifest.Cuts, cut => cut.Tensor.StartsWith(PackedCuts.Prefix, StringComparison.Ordinal));
    }
}
