using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Onnx;
using Microsoft.Win32.SafeHandles;

namespace EdgeML.Native.Tests.Models.Packages;

/// <summary>Whatever way a model is divided, the answers are those of the file run whole.</summary>
public sealed class RangeEquivalenceTests(ITestOutputHelper output) : FileRunTests
{
    const float Tolerance = 1e-4f;
    const int Rounds = 100;
    [Theory]
    [MemberData(nameof(Graphs.Names), MemberType = typeof(Graphs))]
    public void EveryRange_OnItsCut_GivesWhatTheWholeFileGives(string name)
    {
        byte[] file = Graphs.All[name]().Bytes;
        ModelPreparation.Prepare(_folder.Write("m.onnx", file), _folder["package"]);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        ModelManifest manifest = package.Manifest;
        using WeightsHandle weights = _runs.Share(package);
        float tolerance = Graphs.Tolerance(name, Tolerance);
        float[] image = Random(manifest.Input.Elements, seed: 5);
        float[][] reference = _runs.Logits(file, manifest, image);

        var boundaries = new List<float[]> { image };
        for (int unit = 1; unit <= manifest.Units.Count; unit++)
            boundaries.Add(_runs.Run(package.BuildRange(unit, unit, null, unit < manifest.Units.Count).Onnx, weights, boundaries[^1])[0]);
        for (int first = 1; first <= manifest.Units.Count; first++)
        {
            for (int last = first; last <= manifest.Units.Count; last++)
            {
                bool local = last == manifest.Units.Count;
                float[] made = _runs.Run(package.BuildRange(first, last, null, !local).Onnx, weights, boundaries[first - 1])[0];
                Close(local ? reference[^1] : boundaries[last], made, tolerance, $"units {first}..{last}");
            }
        }
        foreach (ExitInfo exit in manifest.Exits.SkipLast(1))
        {
            Close(
                reference[exit.Index - 1], _runs.Run(package.BuildHead(exit.Index).Onnx, weights, boundaries[exit.AfterUnit])[0], tolerance,
                exit.Name);
            float[][] both = _runs.Run(package.BuildRange(1, exit.AfterUnit, exit.Index, emitBoundary: true).Onnx, weights, image);
            Close(boundaries[exit.AfterUnit], both[0], tolerance, $"boundary at {exit.Name}");
            Close(reference[exit.Index - 1], both[1], tolerance, $"fused {exit.Name}");
            Close(
                both[1], _runs.Run(package.BuildRange(1, exit.AfterUnit, exit.Index, false, inlineWeights: true).Onnx, null, image)[0],
                tolerance, "inline weights");
        }
        float[][] whole = _runs.Run(package.BuildWhole().Onnx, weights, image);
        for (int e = 0; e < whole.Length; e++) Close(reference[e], whole[e], tolerance, $"whole, exit {e + 1}");
    }

    [Fact]
    public void SharedWeights_PackageDisposedFirst_StayMappedUntilTheLastEngineIsGone()
    {
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), _folder["package"]);
        ModelPackage package = ModelPackage.Open(_folder["package"]);
        float[] image = Random(package.Manifest.Input.Elements, seed: 6);
        SafeMemoryMappedViewHandle mapping = package.Weights.Handle!;
        WeightsHandle weights = _runs.Share(package);
        EngineHandle engine = _runs.Load(package.BuildWhole().Onnx, weights);
        float[] before = NativeRuns.Run(engine, image)[1];
        weights.Dispose();
        package.Dispose();
        Assert.False(mapping.IsClosed);
        Assert.Equal(before, NativeRuns.Run(engine, image)[1]);
        engine.Dispose();
        Assert.True(mapping.IsClosed);
    }

    [Fact]
    public void Prepare_ModelTheEngineRefuses_SaysWhyInOneLine()
    {
        OnnxBuilder builder = Graphs.All["chain"]();
        builder.Graph.Node[2].OpType = "Convolve";
        string message = Assert.Throws<InvalidDataException>(
            () => ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["package"])).Message;

        output.WriteLine(message);
        Assert.StartsWith("m.onnx: the engine refuses the model: ", message);
        Assert.Contains("Convolve", message);
        Assert.DoesNotContain('\n', message);
        Assert.False(Directory.Exists(_folder["package"]));
    }

    [Fact]
    public void Prepare_WildAttributesAndShapes_TheEngineSurvivesOrRefuses()
    {
        long[] wild = [0, -1, 2, int.MinValue, 1L << 31, 1L << 40, long.MaxValue, long.MinValue];
        var random = new Random(22);
        int fine = 0;
        for (int round = 0; round < Rounds; round++)
        {
            ModelProto model = Graphs.All.Values.ElementAt(random.Next(Graphs.All.Count))().Model;
            NodeProto node = model.Graph.Node[random.Next(model.Graph.Node.Count)];
            long value = wild[random.Next(wild.Length)];
            switch (random.Next(4))
            {
                case 0 when node.Attribute.Count > 0 && node.Attribute[random.Next(node.Attribute.Count)] is { } attribute:
                    if (attribute.Ints.Count > 0) attribute.Ints[random.Next(attribute.Ints.Count)] = value;
                    else attribute.I = value;
                    break;
                case 1:
                    node.Input[random.Next(node.Input.Count)] = model.Graph.Node[random.Next(model.Graph.Node.Count)].Output[0];
                    break;
                case 2:
                    node.OpType = model.Graph.Node[random.Next(model.Graph.Node.Count)].OpType;
                    break;
                default:
                    TensorProto weight = model.Graph.Initializer[random.Next(model.Graph.Initializer.Count)];
                    if (weight.Dims.Count > 1) (weight.Dims[0], weight.Dims[1]) = (weight.Dims[1], weight.Dims[0]);
                    else if (weight.Int64Data.Count > 0) weight.Int64Data[0] = value;
                    break;
            }
            try
            {
                ModelPreparation.Prepare(_folder.Write("m.onnx", Google.Protobuf.MessageExtensions.ToByteArray(model)), _folder["package"]);
                fine++;
            }
            catch (InvalidDataException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
        output.WriteLine($"seed 22: {fine} of {Rounds} still usable");
    }

    [Fact]
    public void Vgg16_CutAnywhere_GivesWhatTheWholeFileGives()
    {
        string path = SharedData.Require("models/vgg16-cifar10-branched.onnx");
        ModelPreparation.Prepare(path, _folder["package"]);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        ModelManifest manifest = package.Manifest;
        using WeightsHandle weights = _runs.Share(package);
        float[] image = Random(manifest.Input.Elements, seed: 7);
        float[][] reference = _runs.Logits(File.ReadAllBytes(path), manifest, image);

        float[] x = image;
        for (int unit = 1; unit <= manifest.Units.Count; unit++)
        {
            x = _runs.Run(package.BuildRange(unit, unit, null, unit < manifest.Units.Count).Onnx, weights, x)[0];
            foreach (ExitInfo exit in manifest.Exits.SkipLast(1).Where(e => e.AfterUnit == unit))
                Close(reference[exit.Index - 1], _runs.Run(package.BuildHead(exit.Index).Onnx, weights, x)[0], Tolerance, exit.Name);
            if (unit is 3 or 6 or 11 or 18)
                Close(
                    reference[^1], _runs.Run(package.BuildRange(unit + 1, manifest.Units.Count, null, false).Onnx, weights, x)[0],
                    Tolerance, $"cut {unit}");
        }
        Close(reference[^1], x, Tolerance, "unit by unit");
        Assert.InRange(new FileInfo(_folder["package/weights.bin"]).Length, 61_000_000, 62_000_000);
        Assert.InRange(package.BuildWhole().Onnx.Length, 0, 100_000);
    }

    static float[] Random(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)random.NextDouble())];
    }

    static void Close(float[] expected, float[] actual, float tolerance, string what)
    {
        Assert.True(expected.Length == actual.Length, $"{what}: {actual.Length} values, {expected.Length} expected");
        for (int i = 0; i < expected.Length; i++)
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= tolerance, $"{what}: value {i} is {actual[i]}, {expected[i]} expected");
    }
}
