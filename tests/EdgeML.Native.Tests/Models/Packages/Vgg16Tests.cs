using System.Globalization;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Preparation.Graph;

namespace EdgeML.Native.Tests.Models.Packages;

public sealed class Vgg16Tests(ITestOutputHelper output)
{
    [Fact]
    public void Prepare_BranchedVgg16_HasTheUnitsOfItsProfile()
    {
        string file = SharedData.Require("models/vgg16-cifar10-branched.onnx"), profile = SharedData.Require("profiles/vgg16-cifar10.csv");
        using var folder = new TemporaryFolder();
        ModelManifest manifest = ModelPreparation.Prepare(file, folder["vgg"], null, new ShapeRunner()).Manifest;
        foreach (UnitInfo unit in manifest.Units)
            output.WriteLine($"{unit.Index} {unit.Name} {unit.Macs} {unit.OutBytes} {manifest.Cuts[unit.Index].Candidate}");
        foreach (ExitInfo exit in manifest.Exits) output.WriteLine($"{exit}");

        string[][] rows = [.. File.ReadLines(profile).Skip(1).Select(l => l.Split(','))];
        string[][] units = [.. rows.Where(r => r[0] == "unit")], heads = [.. rows.Where(r => r[0] == "head")];
        Assert.Equal(units.Select(r => r[5]), manifest.Units.Select(u => u.OutBytes.ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(units.Select(r => r[4]), manifest.Units.Select(u => Mmac(u.Macs)));
        Assert.Equal(
            heads.Select(r => (r[2], r[3], r[4])), manifest.Exits.SkipLast(1).Select(e => (e.Name, $"{e.AfterUnit}", Mmac(e.Macs))));
        Assert.Equal([3, 2, 2], manifest.Exits.SkipLast(1).Select(e => e.Layers));
        Assert.Equal(3072, manifest.Cuts[0].Bytes);
        Assert.InRange(manifest.Cuts.Count, 17, 22);
    }

    static string Mmac(long macs) => Math.Round(macs / 1e6, 3).ToString("0.###", CultureInfo.InvariantCulture);
}
