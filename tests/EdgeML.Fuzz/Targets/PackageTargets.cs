using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;

namespace EdgeML.Fuzz.Targets;

/// <summary>Every file that opening a package reads: the input stands in the place of one file of a small package. What is read is written
/// and read again, and ranges are built of a package that opens.</summary>
/// <remarks>Digests are made right: damage gets past them.</remarks>
static class PackageTargets
{
    static readonly string s_corpus = Path.Combine(Corpus.Shipped, SmallModel.PackageName);
    static readonly Lazy<string> s_folder = new(Copy);
    static readonly Lazy<ModelManifest> s_manifest = new(
        () => PackageJson.Read(Path.Combine(s_corpus, PackageFiles.ManifestName), PackageJson.Default.ModelManifest));

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        Text("manifest", PackageFiles.ManifestName, data => Opened(PackageFiles.ManifestName, data)),
        new FuzzTarget("graph", "graph.onnx of a package", 3_000, Graph, () => [("graph", File.ReadAllBytes(Path.Combine(s_corpus, PackageFiles.GraphName)))])
        {
            MostAllocated = 8 << 20,
            AllocatedPerByte = 4096,
        },
        Text("device", PackageFiles.ProfileName, data => Opened(PackageFiles.ProfileName, data)),
        Text("calibration", PackageFiles.CalibrationName, data => Opened(PackageFiles.CalibrationName, data)),
        Text("promise", PackageFiles.GuaranteeName, Guarantee),
        Text("bottlenecks", PackageFiles.BottlenecksName, Bottlenecks),
        new FuzzTarget("signature", $"{PackageFiles.SignatureName} of a package", 3_000, Signature, () => [("signature", SignatureOfPackage())])
        {
            IsText = true,
            MostAllocated = 4 << 20,
            AllocatedPerByte = 1024,
        },
    ];

    static FuzzTarget Text(string name, string file, Func<ReadOnlyMemory<byte>, bool> read) =>
        new(name, $"{file} of a package", 3_000, read, () => [(name, File.ReadAllBytes(Path.Combine(s_corpus, file)))])
        {
            IsText = true,
            MostAllocated = 4 << 20,
            AllocatedPerByte = 1024,
        };

    static string Copy()
    {
        string folder = Path.Combine(ScratchFile.Folder, SmallModel.PackageName);
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(s_corpus)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        return folder;
    }

    /// <summary>Opens the package with a file replaced, and puts that back.</summary>
    static bool Opened(string name, ReadOnlyMemory<byte> data)
    {
        string path = Path.Combine(s_folder.Value, name);
        File.WriteAllBytes(path, data.Span);
        try
        {
            using ModelPackage package = ModelPackage.Open(s_folder.Value);
            Use(package);
            return true;
        }
        finally
        {
            File.Copy(Path.Combine(s_corpus, name), path, overwrite: true);
        }
    }

    static bool Graph(ReadOnlyMemory<byte> data)
    {
        ModelManifest manifest = s_manifest.Value;
        PackageFile file = new(PackageFiles.GraphName, data.Length, ContentHash.Of(data.Span));
        PackageJson.WriteManifest(s_folder.Value, manifest with { Files = [file, .. manifest.Files.Where(each => each.Name != file.Name)] });
        try
        {
            return Opened(PackageFiles.GraphName, data);
        }
        finally
        {
            File.Copy(Path.Combine(s_corpus, PackageFiles.ManifestName), Path.Combine(s_folder.Value, PackageFiles.ManifestName), overwrite: true);
        }
    }

    static bool Guarantee(ReadOnlyMemory<byte> data)
    {
        AccuracyGuarantee read = PackageJson.Read(ScratchFile.Of(PackageFiles.GuaranteeName, data), PackageJson.Default.AccuracyGuarantee);
        AccuracyGuarantee guarantee = Mended(read, read.Sealed).Checked(s_manifest.Value);
        Again(guarantee, PackageJson.Default.AccuracyGuarantee).Checked(s_manifest.Value);
        for (AccuracyGuarantee at = guarantee; at.Tightened <= guarantee.Tighter.Count; at = at.Tighten())
            FindException.Require(at.Limits.Count == s_manifest.Value.SideExits && at.ToString().Length > 0, $"{at}");
        return true;
    }

    static bool Bottlenecks(ReadOnlyMemory<byte> data)
    {
        BottleneckSet read = PackageJson.Read(ScratchFile.Of(PackageFiles.BottlenecksName, data), PackageJson.Default.BottleneckSet);
        BottleneckSet set = Mended(read, read.Sealed).Checked(s_manifest.Value);
        Again(set, PackageJson.Default.BottleneckSet).Checked(s_manifest.Value);
        for (int number = 1; number <= set.Items.Count; number++)
        {
            var map = set.Map(number);
            var tensor = new float[map.Patches.Elements];
            var payload = new byte[map.PayloadBytes];
            map.Encode(tensor, payload);
            map.Decode(payload, tensor);
        }
        return true;
    }

    static bool Signature(ReadOnlyMemory<byte> data)
    {
        SignatureFile read = SignatureFile.Read(ScratchFile.Of(PackageFiles.SignatureName, data));
        Again(read, PackageJson.Default.SignatureFile);
        FindException.Require(read.Statement().Length > 0 && !read.Key.Contains('\n', StringComparison.Ordinal), $"{read}");
        return true;
    }

    static byte[] SignatureOfPackage()
    {
        IEnumerable<PackageFile> files = PackageFiles.Loaded.Order(StringComparer.Ordinal).Select(name => new FileInfo(Path.Combine(s_corpus, name)))
            .Where(file => file.Exists).Select(file => new PackageFile(file.Name, file.Length, ContentHash.Of(File.ReadAllBytes(file.FullName))));
        var signature = new SignatureFile(SignatureFile.CurrentFormat, $"sha256:{new string('a', 64)}", [.. files], Convert.ToBase64String(new byte[70]));
        return JsonSerializer.SerializeToUtf8Bytes(signature, PackageJson.Default.SignatureFile);
    }

    /// <summary>The same with a right digest, where it has one.</summary>
    static T Mended<T>(T read, Func<T> seal)
    {
        try
        {
            return seal();
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // Something in it cannot be written, so the check must refuse it before it computes the digest.
            return read;
        }
    }

    static void Use(ModelPackage package)
    {
        ModelManifest manifest = package.Manifest;
        // The lists that older files lack are filled in when a package is opened.
        ModelManifest again = Again(manifest, PackageJson.Default.ModelManifest);
        FindException.Require(again.CutsDigest == manifest.CutsDigest && again.Identity == manifest.Identity, "a manifest is written as another one");
        ManifestRules.Check(again);
        FindException.Require(package.ToString().Length > 0 && manifest.ClassNames.Sum(name => name.Length) >= 0, "no names");
        if (package.Profile is { } profile)
        {
            Again(profile, PackageJson.Default.DeviceProfile);
            double total = profile.UnitMs.Concat(profile.HeadMs).Concat(profile.EncodeMs).Concat(profile.DecodeMs).Sum();
            double joules = profile.Power.Joules(total, total, total);
            FindException.Require(float.IsFinite((float)total) && float.IsFinite((float)joules) && joules >= 0, $"{profile} takes {joules} J");
            var expected = new TailExpectation(manifest, profile);
            FindException.Require(expected.Milliseconds(new Native.Policies.ExitPolicy([0.5f], 0), 2) >= 0, $"{profile}");
        }
        if (package.Calibration is { } calibration) Again(calibration);
        PayloadSize.SentAtCuts(manifest, Native.Codecs.TensorEncoding.Int8);
        Build(package, package.BuildWhole());
        for (int unit = 1; unit <= manifest.Units.Count; unit++) Build(package, package.BuildRange(unit, unit, null, emitBoundary: unit < manifest.Units.Count, inlineWeights: true));
        for (int exit = 1; exit <= manifest.SideExits; exit++) Build(package, package.BuildHead(exit));
    }

    static void Build(ModelPackage package, RangeModel range)
    {
        FindException.Require(range.InputDims.All(dim => dim > 0), $"a range of {package} begins with {string.Join('x', range.InputDims)}");
        OpenBatch.Of(range);
        if (range.Weights.Count == 0) PairedRange.Of(range);
    }

    static void Again(ExitCalibration calibration)
    {
        using var text = new MemoryStream();
        CalibrationFile.Write(text, calibration);
        ExitCalibration again = CalibrationFile.Read(ScratchFile.Of("again.csv", text.ToArray()));
        bool same = again.Exits == calibration.Exits && again.Entropies.SequenceEqual(calibration.Entropies)
            && again.Correct.SequenceEqual(calibration.Correct) && again.Labelled == calibration.Labelled && again.Model == calibration.Model
            && (again.ExitNames ?? []).SequenceEqual(calibration.ExitNames ?? []);
        FindException.Require(same, $"{calibration} is written as {again}");
    }

    static T Again<T>(T value, JsonTypeInfo<T> type)
    {
        byte[] once = JsonSerializer.SerializeToUtf8Bytes(value, type);
        T again = JsonSerializer.Deserialize(once, type)!;
        FindException.Require(once.AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(again, type)), $"{typeof(T).Name} is written in two ways");
        return again;
    }
}
