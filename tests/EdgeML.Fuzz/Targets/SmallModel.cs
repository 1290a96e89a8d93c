using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Fuzz.Targets;

/// <summary>A network of four units with a side exit, and its package with every file that a package may have.</summary>
static class SmallModel
{
    const int Classes = 4;

    /// <summary>Where the corpus holds the package.</summary>
    public const string PackageName = "package";

    public static byte[] Onnx()
    {
        var builder = new OnnxBuilder();
        string x = builder.ConvRelu(builder.Input("input", 1, 3, 8, 8), 3, 4);
        builder.Head(x, 4, Classes, "exit1");
        x = builder.ConvRelu(x, 4, 8);
        builder.Head(builder.ConvRelu(x, 8, 4, stride: 2), 4, Classes, "logits");
        builder.Output("exit1", "logits");
        builder.Model.MetadataProps.Add(new Native.Models.Onnx.StringStringEntryProto { Key = "edgeml.classes", Value = "cat,dog,owl,\u00e4" });
        builder.Model.MetadataProps.Add(new Native.Models.Onnx.StringStringEntryProto { Key = "edgeml.mean", Value = "1/2, 0.4, 0.3" });
        return builder.Model.ToByteArray();
    }

    /// <summary>Makes the package.</summary>
    public static void Prepare(string folder)
    {
        string file = ScratchFile.Of("small.onnx", Onnx());
        ModelPreparation.Prepare(file, folder);
        using ModelPackage package = ModelPackage.Open(folder);
        ModelManifest manifest = package.Manifest;
        package.SaveProfile(new DeviceProfile
        {
            Device = "small",
            UnitMs = [.. manifest.Units.Select(unit => 0.25 * unit.Index)],
            HeadMs = [0.125],
            EncodeMs = [0.5],
            DecodeMs = [0.25],
        });
        package.SaveCalibration(new ExitCalibration(2, [0.5f, 0.25f, 1f, 0f, 0.125f, 0.75f], [true, true, false, true, true, false], "shapes:seed=1", true));
        package.SaveGuarantee(new AccuracyGuarantee
        {
            Model = manifest.Hash,
            MaxLoss = 0.01,
            Confidence = 0.95,
            Labelled = true,
            Limits = [0.5f],
            Tighter = [[0.25f], [0.125f]],
            DiffersAtMost = 0.05,
            Samples = 3,
            Losses = 0,
            Source = "shapes:seed=1",
        });
        IReadOnlyList<int> shape = manifest.Units[0].OutShape;
        var patches = new TensorPatches(shape[0], shape[1], shape[2], 1);
        float[] ones = [.. Enumerable.Repeat(0.5f, patches.Rows)];
        var map = new LinearBottleneck(patches, new float[patches.Rows], ones, ones, [(0f, 2f)], [4], rectified: true);
        package.SaveBottlenecks([CutBottleneck.Of(1, map, 0.01, 3, "shapes:seed=1")]);
    }
}
