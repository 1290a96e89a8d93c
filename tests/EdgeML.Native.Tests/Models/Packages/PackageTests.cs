using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Packages;

public sealed class PackageTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Graphs.Names), MemberType = typeof(Graphs))]
    public void Open_WhatPrepareWrote_IsTheSameModel(string name)
    {
        ModelManifest written = Prepare(Graphs.All[name]().Bytes);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);

        Assert.Equal(
            JsonSerializer.Serialize(written, PackageJson.Default.ModelManifest),
            JsonSerializer.Serialize(package.Manifest, PackageJson.Default.ModelManifest));
        Assert.Equal(["graph.onnx", "model.json", "weights.bin"], Directory.GetFiles(_folder["package"]).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Manifest_AsJson_HasTheKeysOfTheContract()
    {
        Prepare(Graphs.All["chain"]().Bytes);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(_folder["package/model.json"]));
        JsonElement root = json.RootElement;

        Assert.Equal("test", root.GetProperty("name").GetString());
        Assert.StartsWith("sha256:", root.GetProperty("hash").GetString());
        Assert.Equal([3, 8, 8], root.GetProperty("input").GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()));
        Assert.Equal("float32", root.GetProperty("input").GetProperty("type").GetString());
        Assert.Equal(5, root.GetProperty("classes").GetInt32());
        Assert.Equal(["index", "name", "macs", "outBytes", "outShape"], root.GetProperty("units")[0].EnumerateObject().Select(p => p.Name));
        Assert.Superset(
            new HashSet<string> { "k", "bytes", "candidate" },
            root.GetProperty("cuts")[0].EnumerateObject().Select(p => p.Name).ToHashSet());
        Assert.Superset(
            new HashSet<string> { "index", "name", "afterUnit", "macs", "layers" },
            root.GetProperty("exits")[0].EnumerateObject().Select(p => p.Name).ToHashSet());
        Assert.False(root.TryGetProperty("localCut", out _));
    }

    [Fact]
    public void Weights_LargeOnes_AreStoredOnceAlignedAndMappedUnchanged()
    {
        OnnxBuilder builder = Graphs.All["residual"]();
        TensorProto original = builder.Graph.Initializer.First(w => w.RawData.Length > 1024), twin = original.Clone();
        twin.Name = "twin";
        builder.Graph.Initializer.Add(twin);
        NodeProto reader = builder.Graph.Node.First(n => n.OpType == "Conv" && n.Input[1] == original.Name);
        NodeProto copy = reader.Clone();
        (copy.Name, copy.Output[0], copy.Input[1]) = ("copy", "copy_out", "twin");
        builder.Graph.Node.Insert(builder.Graph.Node.IndexOf(reader) + 1, copy);
        string sum = builder.Node("Add", [reader.Output[0], "copy_out"]);
        foreach (NodeProto node in builder.Graph.Node)
            if (node.Output[0] != sum && node.Name != "copy" && node.Input.IndexOf(reader.Output[0]) is >= 0 and int at)
                node.Input[at] = sum;
        Prepare(builder.Bytes);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        RangeModel whole = package.BuildWhole();

        TensorProto[] large = [.. builder.Graph.Initializer.Where(w => w.RawData.Length > 1024)];
        Assert.Equal(large.Select(w => w.Name).Order(), whole.Weights.Select(w => w.Name).Order());
        foreach (WeightTensor weight in whole.Weights)
        {
            Assert.Equal(0, weight.Address % 64);
            Assert.True(PackageWeights.Bytes(weight).SequenceEqual(large.Single(w => w.Name == weight.Name).RawData.Span), weight.Name);
        }
        Assert.Equal(large.Length - 1, whole.Weights.Select(w => w.Address).Distinct().Count());
        long distinct = large.DistinctBy(w => w.RawData).Sum(w => (long)w.RawData.Length);
        Assert.InRange(new FileInfo(_folder["package/weights.bin"]).Length, distinct, distinct + (64 * large.Length));
        Assert.DoesNotContain(ModelProto.Parser.ParseFrom(whole.Onnx).Graph.Initializer, w => w.RawData.Length > 1024);
    }

    [Fact]
    public void Weights_OverwrittenInPlace_StayAsTheyWereRead()
    {
        Prepare(Graphs.All["chain"]().Bytes);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);
        WeightTensor[] weights = [.. package.BuildWhole().Weights];
        byte[][] before = [.. weights.Select(weight => PackageWeights.Bytes(weight).ToArray())];
        Assert.NotEmpty(before);
        string file = _folder["package/weights.bin"];
        long length = new FileInfo(file).Length;
        using (var stream = new FileStream(file, FileMode.Open, FileAccess.Write))
        {
            stream.Write(Enumerable.Repeat((byte)0xee, (int)length).ToArray());
            // A file that became shorter would end the process where its pages are still mapped.
            stream.SetLength(1);
        }
        Assert.All(weights.Zip(before), pair => Assert.True(PackageWeights.Bytes(pair.First).SequenceEqual(pair.Second), pair.First.Name));
    }

    [Fact]
    public void RoundTrip_FieldsThisLibraryDoesNotKnow_AreKept()
    {
        OnnxBuilder builder = Graphs.All["chain"]();
        byte[] known = builder.Bytes;
        // Field 6 of the model (doc_string), field 8 of a function and field 6 of the first node (the same), as the standard numbers them.
        byte[] function = [.. new FunctionProto { Name = "f" }.ToByteArray(), .. Field(8, "a function")];
        byte[] unknown = [.. Field(6, "about the model"), .. Field(25, Encoding.Latin1.GetString(function))];
        byte[] node = [.. builder.Graph.Node[0].ToByteArray(), .. Field(6, "about the node")];
        builder.Graph.Node[0] = NodeProto.Parser.ParseFrom(node);
        Prepare([.. builder.Bytes, .. unknown]);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);

        foreach (byte[] bytes in new[] { File.ReadAllBytes(_folder["package/graph.onnx"]), package.BuildRange(1, 2, 1, true).Onnx })
        {
            string text = Encoding.Latin1.GetString(bytes);
            Assert.Contains("about the model", text);
            Assert.Contains("a function", text);
            Assert.Contains("about the node", text);
        }
        Assert.DoesNotContain("about the model", Encoding.Latin1.GetString(known));
    }

    [Fact]
    public void Prepare_OverAPackage_ReplacesItAndLeavesNothingBeside()
    {
        Prepare(Graphs.All["chain"]().Bytes);
        Prepare(Graphs.All["residual"]().Bytes);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);

        Assert.Equal("early", package.Manifest.Exits[0].Name);
        Assert.Equal(["package", "test.onnx"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Prepare_OverSomethingElse_LeavesItAlone()
    {
        Directory.CreateDirectory(_folder["package"]);
        File.WriteAllText(_folder["package/thesis.txt"], "years of work");

        Assert.Contains(
            "neither empty nor a package", Assert.Throws<ArgumentException>(() => Prepare(Graphs.All["chain"]().Bytes)).Message);
        Assert.Equal("years of work", File.ReadAllText(_folder["package/thesis.txt"]));
        Assert.Single(Directory.GetDirectories(_folder.Path));
    }

    [Fact]
    public void WriteFolder_FailsHalfWay_OldStaysAndNothingHalfIsVisible()
    {
        Prepare(Graphs.All["chain"]().Bytes);
        Assert.Throws<InvalidOperationException>(() => AtomicFile.WriteFolder(_folder["package"], "model.json", temporary =>
        {
            File.WriteAllText(Path.Combine(temporary, "model.json"), "half");
            Assert.Equal(
                ["graph.onnx", "model.json", "weights.bin"], Directory.GetFiles(_folder["package"]).Select(Path.GetFileName).Order());
            throw new InvalidOperationException("power gone");
        }));

        ModelPackage.Open(_folder["package"]).Dispose();
        Assert.Equal(["package", "test.onnx"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Profile_WithoutTimesOfBottlenecks_HasNone()
    {
        ModelManifest manifest = Prepare(Graphs.All["chain"]().Bytes);
        string times = string.Join(", ", manifest.Units.Select(_ => "1.5"));
        string json = $$$"""{"device":"old","unitMs":[{{{times}}}],"headMs":[1,1],"power":{"idleWatts":1,"busyWatts":2,"radioWatts":3}}""";
        File.WriteAllText(Path.Combine(_folder["package"], "device.json"), json);
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
        {
            Assert.Empty(package.Profile!.DecodeMs);
            Assert.Empty(package.Profile.EncodeMs);
            Assert.Equal(3, package.Profile.Scaled(2).UnitMs[0]);
        }
        File.WriteAllText(
            Path.Combine(_folder["package"], "device.json"), json.Replace("\"headMs\"", "\"decodeMs\":[-1],\"headMs\"", StringComparison.Ordinal));
        Assert.Contains("-1 ms", Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
    }

    [Fact]
    public void SaveProfileAndCalibration_Reopened_AreTheSame()
    {
        ModelManifest manifest = Prepare(Graphs.All["chain"]().Bytes);
        var profile = new DeviceProfile
        {
            Device = "this, \"one\"",
            UnitMs = [.. manifest.Units.Select(u => u.Index * 0.1)],
            HeadMs = [0.5, 0.25],
            Power = new PowerModel(1, 2, 3)
        };
        float[] entropies = [0.1f, 0.5f, 1f / 3f, 0f, 1f, 0.7f];
        var calibration = new ExitCalibration(
            3, entropies, [true, false, true, true, true, false], "shapes:seed=1,difficulty=mixed", labelled: true);
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
        {
            Assert.Null(package.Profile);
            Assert.Null(package.Calibration);
            package.SaveProfile(profile);
            package.SaveCalibration(calibration);
            Assert.Same(profile, package.Profile);
        }
        using ModelPackage again = ModelPackage.Open(_folder["package"]);

        Assert.Equal(profile.UnitMs, again.Profile!.UnitMs);
        Assert.Equal((profile.Device, profile.Power), (again.Profile.Device, again.Profile.Power));
        Assert.Equal(entropies, again.Calibration!.Entropies);
        Assert.Equal(calibration.Correct, again.Calibration.Correct);
        Assert.Equal((3, true, calibration.Source), (again.Calibration.Exits, again.Calibration.Labelled, again.Calibration.Source));
        Assert.Throws<InvalidDataException>(() => again.SaveProfile(profile with { HeadMs = [1] }));
        Assert.Throws<InvalidDataException>(() => again.SaveCalibration(new ExitCalibration(2, [0, 0], [true, true], "", false)));
    }

    [Fact]
    public void BuildRange_AnyUnits_ReadsItsCutAndWritesTheNext()
    {
        foreach ((string name, Func<OnnxBuilder> graph) in Graphs.All)
        {
            Prepare(graph().Bytes);
            using ModelPackage package = ModelPackage.Open(_folder["package"]);
            int units = package.Manifest.Units.Count;
            for (int first = 1; first <= units; first++)
            {
                for (int last = first; last <= units; last++)
                {
                    RangeModel range = package.BuildRange(first, last, null, last < units);
                    byte[] inline = package.BuildRange(first, last, null, last < units, inlineWeights: true).Onnx;
                    IReadOnlyDictionary<string, TensorInfo> shapes = new ShapeRunner().Shapes(inline);
                    Assert.Equal(package.BoundaryDims(first - 1), range.InputDims);
                    Assert.Equal(package.BoundaryDims(last), shapes[Assert.Single(range.Outputs)].Dims);
                    Assert.All(shapes.Values, s => Assert.Equal(ElementType.Float, s.Type));
                    Assert.Equal(last < units, range.Boundary is not null);
                    Assert.Equal(last == units, range.Logits is not null);
                }
            }
            foreach (ExitInfo exit in package.Manifest.Exits.SkipLast(1))
            {
                Assert.Equal(
                    package.Manifest.Classes,
                    new ShapeRunner().Shapes(package.BuildHead(exit.Index, inlineWeights: true).Onnx).Values.Single().Elements);
                Assert.Equal(2, package.BuildRange(1, exit.AfterUnit, exit.Index, emitBoundary: true).Outputs.Distinct().Count());
            }
            Assert.True(package.BuildWhole().Outputs.Count == package.Manifest.Exits.Count, name);
        }
    }

    [Fact]
    public void BuildRange_OutsideTheModel_SaysWhatIsInside()
    {
        Prepare(Graphs.All["chain"]().Bytes);
        using ModelPackage package = ModelPackage.Open(_folder["package"]);

        Assert.Equal(
            "units 3..8 are outside 1..7 of model test",
            Assert.Throws<ArgumentException>(() => package.BuildRange(3, 8, null, true)).Message);
        Assert.Equal(
            "exit 1 follows unit 2, not unit 3", Assert.Throws<ArgumentException>(() => package.BuildRange(1, 3, 1, true)).Message);
        Assert.Equal(
            "units 1..3 would put out nothing", Assert.Throws<ArgumentException>(() => package.BuildRange(1, 3, null, false)).Message);
        Assert.Throws<ArgumentException>(() => package.BuildRange(1, 7, null, true));
        Assert.Throws<ArgumentException>(() => package.BuildHead(3));
    }

    ModelManifest Prepare(byte[] model) =>
        ModelPreparation.Prepare(_folder.Write("test.onnx", model), _folder["package"], null, new ShapeRunner()).Manifest;

    static byte[] Field(int number, string text)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteString(text);
        }
        return stream.ToArray();
    }
}
