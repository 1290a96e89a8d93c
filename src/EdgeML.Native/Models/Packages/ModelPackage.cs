using System.Runtime.InteropServices;
using System.Text.Json;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Packages;

/// <summary>A prepared model on disk: manifest, graph, mapped weights, and measurements.</summary>
/// <remarks>
/// Everything is checked when the package is opened. Reading and building ranges is safe from any thread; engines made from the
/// package read its mapped weights, so dispose it after them.
/// </remarks>
public sealed partial class ModelPackage : IDisposable
{
    /// <summary>More than any unit takes or any device draws: sums of them stay numbers.</summary>
    const double MostMs = 1e9, MostWatts = 1e6;

    readonly PackageGraph _graph;
    int _disposed;

    ModelPackage(string folder, ModelManifest manifest, PackageGraph graph) => (Folder, Manifest, _graph) = (folder, manifest, graph);

    /// <summary>Where the package lies.</summary>
    public string Folder { get; }

    /// <summary>Units, cuts, exits.</summary>
    public ModelManifest Manifest { get; private set; }

    /// <summary>This device's time for every unit, or null when it was not measured.</summary>
    public DeviceProfile? Profile { get; private set; }

    /// <summary>The exits' outputs for calibration samples, or null when none were run.</summary>
    public ExitCalibration? Calibration { get; private set; }

    /// <summary>The guarantee on the loss of early answers, or null when there is none.</summary>
    public AccuracyGuarantee? Guarantee { get; private set; }

    /// <summary>Learned ways of sending cut tensors; <see cref="BottleneckSet.None"/> where none were made.</summary>
    public BottleneckSet Bottlenecks { get; private set; } = BottleneckSet.None;

    /// <summary>The signature; null for none, and after a change of a file.</summary>
    public PackageSignature? Signature { get; private set; }

    /// <summary>The mapped weights.</summary>
    internal PackageWeights Weights => _graph.Weights;

    /// <summary>The files as they were read.</summary>
    internal IReadOnlyList<PackageFile> Files { get; private set; } = [];

    /// <summary>Opens a package, signed or not, and checks all of it: format, lengths, digests, that the graph has the cuts the manifest
    /// names.</summary>
    /// <exception cref="InvalidDataException">Not a package, or a damaged one; one line names fault and place.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelPackage Open(string folder) => Open(folder, null);

    /// <summary>Opens a package that one of some keys has signed, and checks all of it.</summary>
    /// <param name="folder">Of the package.</param>
    /// <param name="trusted">The keys; null for any package, signed or not.</param>
    /// <exception cref="InvalidDataException">Not a package, a damaged one, or not signed by one of the keys; one line names fault and
    /// place.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ModelPackage Open(string folder, TrustedKeys? trusted)
    {
        try
        {
            return OpenChecked(folder, trusted);
        }
        catch (InvalidDataException e) when (MessageText.OneLine(e.Message) is var line && line != e.Message)
        {
            throw new InvalidDataException(line, e);
        }
    }

    static ModelPackage OpenChecked(string folder, TrustedKeys? trusted)
    {
        if (!File.Exists(Path.Combine(folder, PackageFiles.ManifestName)))
            throw new InvalidDataException($"{folder} is not a package: no {PackageFiles.ManifestName} in it");
        var content = new PackageContent(folder, trusted);
        ModelManifest manifest = content.Read(PackageFiles.ManifestName, PackageJson.Default.ModelManifest);
        ManifestRules.Check(
            manifest = manifest with
            {
                ClassNames = manifest.ClassNames ?? [], // absent keys are null
                Engines = manifest.Engines ?? EngineSettings.Fastest,
                Files = manifest.Files ?? [],
            });
        PackageGraph graph = PackageGraph.Open(content, manifest);
        try
        {
            var package = new ModelPackage(Path.GetFullPath(folder), manifest, graph);
            if (content.Has(PackageFiles.ProfileName))
                package.Profile = package.Checked(content.Read(PackageFiles.ProfileName, PackageJson.Default.DeviceProfile));
            if (content.Has(PackageFiles.CalibrationName))
            {
                byte[] calibration = content.Read(PackageFiles.CalibrationName, Array.MaxLength);
                package.Calibration = package.Checked(CalibrationFile.Parse(calibration, PackageFiles.CalibrationName));
            }
            if (content.Has(PackageFiles.GuaranteeName))
                package.Guarantee = content.Read(PackageFiles.GuaranteeName, PackageJson.Default.AccuracyGuarantee).Checked(manifest);
            if (content.Has(PackageFiles.BottlenecksName))
                package.Bottlenecks = content.Read(PackageFiles.BottlenecksName, PackageJson.Default.BottleneckSet).Checked(manifest);
            content.Close();
            (package.Signature, package.Files) = (content.Signature, content.Files);
            return package;
        }
        catch
        {
            graph.Dispose();
            throw;
        }
    }

    /// <summary>Keeps a profile in the package's folder and uses it from now on. Ends the package's signature, as every other change
    /// does.</summary>
    /// <exception cref="InvalidDataException">Its units or heads are not the model's.</exception>
    public void SaveProfile(DeviceProfile profile)
    {
        ThrowIfDisposed();
        Checked(profile);
        Unsign();
        AtomicFile.Write(
            Path.Combine(Folder, PackageFiles.ProfileName), stream =>
                JsonSerializer.Serialize(stream, profile, PackageJson.Default.DeviceProfile));
        Profile = profile;
    }

    /// <summary>Makes the exits decide by another rule from now on, in models that are loaded afterwards. Calibration and guarantee, which
    /// are of the rule before, are removed. One thread at a time.</summary>
    /// <exception cref="ArgumentException">The rule does not fit the model.</exception>
    /// <exception cref="IOException">A file of the package cannot be removed or written.</exception>
    public void SaveExitRule(ExitRule rule)
    {
        ThrowIfDisposed();
        if (rule == Manifest.ExitRule) return;
        ModelManifest next = Manifest.WithExitRule(rule);
        Unsign();
        // Before the rule changes: a package that is left half changed has no limits of another rule.
        File.Delete(Path.Combine(Folder, PackageFiles.GuaranteeName));
        File.Delete(Path.Combine(Folder, PackageFiles.CalibrationName));
        (Guarantee, Calibration) = (null, null);
        AtomicFile.Write(
            Path.Combine(Folder, PackageFiles.ManifestName), stream => JsonSerializer.Serialize(stream, next, PackageJson.Default.ModelManifest));
        Manifest = next;
    }

    /// <summary>Keeps a calibration in the package's folder and uses it from now on.</summary>
    /// <exception cref="InvalidDataException">Its exits are not the model's.</exception>
    public void SaveCalibration(ExitCalibration calibration)
    {
        ThrowIfDisposed();
        ExitCalibration own = Checked(calibration).Of(Manifest);
        Unsign();
        AtomicFile.Write(Path.Combine(Folder, PackageFiles.CalibrationName), stream => CalibrationFile.Write(stream, own));
        Calibration = own;
    }

    /// <summary>Keeps a guarantee in the package's folder; sessions made from now on keep its limits.</summary>
    /// <returns>The guarantee with its digest.</returns>
    /// <exception cref="InvalidDataException">It was made for another model.</exception>
    public AccuracyGuarantee SaveGuarantee(AccuracyGuarantee guarantee)
    {
        ThrowIfDisposed();
        AccuracyGuarantee complete = guarantee.Sealed().Checked(Manifest);
        Unsign();
        AtomicFile.Write(
            Path.Combine(Folder, PackageFiles.GuaranteeName), stream =>
                JsonSerializer.Serialize(stream, complete, PackageJson.Default.AccuracyGuarantee));
        return Guarantee = complete;
    }

    /// <summary>Keeps bottlenecks in the package's folder, in place of those there; sessions and tails made from now on use them.</summary>
    /// <param name="items">Of this model's cuts; none takes them away.</param>
    /// <exception cref="InvalidDataException">One does not fit the model.</exception>
    public void SaveBottlenecks(IReadOnlyList<CutBottleneck> items)
    {
        ThrowIfDisposed();
        string path = Path.Combine(Folder, PackageFiles.BottlenecksName);
        if (items.Count == 0)
        {
            if (!File.Exists(path)) return;
            Unsign();
            File.Delete(path);
            Bottlenecks = BottleneckSet.None;
            return;
        }
        BottleneckSet complete = new BottleneckSet { Model = Manifest.Hash, Items = items }.Sealed().Checked(Manifest);
        Unsign();
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, complete, PackageJson.Default.BottleneckSet));
        Bottlenecks = complete;
    }

    /// <summary>Unmaps the weights; engines that still read them must be gone.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) _graph.Dispose();
    }

    /// <exception cref="ObjectDisposedException">The package is disposed.</exception>
    internal void ThrowIfDisposed() => Disposed.ThrowIf(Volatile.Read(ref _disposed) != 0, nameof(ModelPackage));

    /// <summary>Removes the signature before a file is changed, so that it never seems to cover one that it does not.</summary>
    void Unsign()
    {
        File.Delete(Path.Combine(Folder, PackageFiles.SignatureName));
        Signature = null;
    }

    DeviceProfile Checked(DeviceProfile profile)
    {
        if (profile.Power is null) throw new InvalidDataException($"the profile of '{profile.Device}' has no power model");
        if (profile.UnitMs.Count != Manifest.Units.Count || profile.HeadMs.Count != Manifest.SideExits)
            throw new InvalidDataException(
                $"the profile of '{profile.Device}' has {profile.UnitMs.Count} units and {profile.HeadMs.Count} heads, "
                + $"model {Manifest.Name} has {Manifest.Units.Count} and {Manifest.SideExits}");
        // Generated readers leave what the file does not have at null.
        if (profile.EncodeMs is null || profile.DecodeMs is null)
            profile = profile with { EncodeMs = profile.EncodeMs ?? [], DecodeMs = profile.DecodeMs ?? [] };
        IEnumerable<double> times = profile.UnitMs.Concat(profile.HeadMs).Concat(profile.EncodeMs).Concat(profile.DecodeMs);
        foreach (double ms in times)
            if (!(ms is >= 0 and <= MostMs)) throw new InvalidDataException($"the profile of '{profile.Device}' has a time of {ms} ms");
        foreach (double watts in (ReadOnlySpan<double>)[profile.Power.IdleWatts, profile.Power.BusyWatts, profile.Power.RadioWatts])
            if (!(watts is >= 0 and <= MostWatts)) throw new InvalidDataException($"the profile of '{profile.Device}' has a power of {watts} W");
        return profile;
    }

    ExitCalibration Checked(ExitCalibration calibration)
    {
        if (calibration.Exits != Manifest.Exits.Count)
            throw new InvalidDataException($"the calibration has {calibration.Exits} exits, model {Manifest.Name} has {Manifest.Exits.Count}");
        if (calibration.Rule != Manifest.ExitRule)
            throw new InvalidDataException($"the calibration was made by the exit rule {calibration.Rule}, model {Manifest.Name} decides by {Manifest.ExitRule}");
        if (!calibration.IsOf(Manifest))
        {
            string of = calibration.Model == Manifest.Hash ? $"the exits {string.Join(", ", calibration.ExitNames ?? [])}" : $"{calibration.Model}";
            throw new InvalidDataException($"the calibration was made for {of}, model {Manifest.Name} is {Manifest.Hash}");
        }
        int bad = Array.FindIndex(calibration.Entropies, e => !CalibrationFile.IsEntropy(e));
        if (bad >= 0)
            throw new InvalidDataException($"sample {bad / calibration.Exits} of the calibration has the entropy {calibration.Entropies[bad]}");
        return calibration;
    }

    /// <summary>Folder and model.</summary>
    public override string ToString() => $"{Folder}: {Manifest}";
}
