using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Onnx;

/// <summary>Every kind of network, in every operator set and every form of file: whatever cut it is divided at, the answer is the whole
/// model's.</summary>
public sealed class SurgeryTests(ITestOutputHelper output) : FileRunTests
{
    public static TheoryData<string> Names => [.. Graphs.All.Keys, .. Graphs.Larger.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Prepare_AnyOperatorSet_EveryCutGivesTheWholeModelsAnswer(string name)
    {
        foreach (int opset in Opsets.All.Where(opset => Opsets.Has(opset, name)))
        {
            ModelProto model = Graphs.Make(name).Model;
            Opsets.Change(model, opset);
            EveryCut(name, model, $"opset {opset}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Prepare_AnyForm_EveryCutGivesTheWholeModelsAnswer(string name)
    {
        foreach (string form in FileForms.Names.Where(form => !form.StartsWith("opset", StringComparison.Ordinal)))
        {
            ModelProto model = Graphs.Make(name).Model;
            FileForms.Change(model, form, _folder.Path);
            EveryCut(name, model, form);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Prepare_AnyNetwork_HasCutsInsideAndNoUnitWithMostOfTheWork(string name)
    {
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.Make(name).Bytes), _folder["p"]).Manifest;
        output.WriteLine($"{name}: {string.Join(' ', manifest.Units.Select(u => $"{u.Name}={u.Macs}"))}");
        Assert.InRange(manifest.Units.Count, 3, 30);
        Assert.InRange(manifest.Units.Max(u => u.Macs), 1, (long)(0.75 * manifest.Units.Sum(u => u.Macs)));
    }

    void EveryCut(string name, ModelProto model, string what)
    {
        byte[] file = model.ToByteArray();
        string path = _folder.Write("m.onnx", file);
        ModelPreparation.Prepare(path, _folder["p"]);
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        ModelManifest manifest = package.Manifest;
        using WeightsHandle weights = _runs.Share(package);
        var random = new Random(5);
        float[] image = [.. Enumerable.Range(0, manifest.Input.Elements).Select(_ => (float)random.NextDouble())];
        float[][] whole = _runs.Logits(Inline(file), manifest, image);
        float tolerance = Graphs.Tolerance(name, 1e-4f);
        int last = manifest.Units.Count;
        for (int cut = 0; cut < last; cut++)
        {
            float[] tensor = cut == 0 ? image : _runs.Run(package.BuildRange(1, cut, null, emitBoundary: true).Onnx, weights, image)[0];
            float[] answer = _runs.Run(package.BuildRange(cut + 1, last, null, emitBoundary: false).Onnx, weights, tensor)[0];
            Close(whole[^1], answer, tolerance, $"{what}, cut {cut}");
            foreach (ExitInfo exit in manifest.Exits.SkipLast(1).Where(exit => exit.AfterUnit == cut))
                Close(whole[exit.Index - 1], _runs.Run(package.BuildHead(exit.Index).Onnx, weights, tensor)[0], tolerance,
                    $"{what}, {exit.Name}");
        }
    }

    /// <summary>The engine gets a model as bytes, which have no folder where other files could lie.</summary>
    byte[] Inline(byte[] file)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(file);
        foreach (TensorProto weight in model.Graph.Initializer.Where(w => w.DataLocation == 1))
        {
            Dictionary<string, string> place = weight.ExternalData.ToDictionary(e => e.Key, e => e.Value);
            byte[] bytes = File.ReadAllBytes(_folder[place["location"]]);
            weight.RawData = ByteString.CopyFrom(bytes.AsSpan(int.Parse(place["offset"]), int.Parse(place["length"])));
            weight.ExternalData.Clear();
            weight.DataLocation = 0;
        }
        return model.ToByteArray();
    }

    static void Close(float[] expected, float[] actual, float tolerance, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} values, {expected.Length} expected");
        for (int i = 0; i < expected.Length; i++)
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance, $"{what}: value {i} is {actual[i]}, {expected[i]} expected");
    }
}
