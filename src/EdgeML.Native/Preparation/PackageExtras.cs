using System.Globalization;
using System.Text.Json;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Preparation;

/// <summary>Measurements of a package in its folder: calibration, guarantee, bottlenecks, device profile. A package that is made
/// again from the same model keeps those that still fit.</summary>
sealed class PackageExtras
{
    readonly List<string> _kept = [];
    readonly List<string> _lost = [];
    readonly List<(string Name, byte[] Content)> _files = [];

    PackageExtras()
    {
    }

    /// <summary>The files carried over, in words.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>The files that do not fit the new package, in words.</summary>
    public IReadOnlyList<string> Lost => _lost;

    /// <summary>Whether the old package was signed, which the new one is not.</summary>
    public bool WasSigned { get; private init; }

    /// <summary>Whether a calibration is carried over.</summary>
    public bool HoldsCalibration => _files.Exists(file => file.Name == PackageFiles.CalibrationName);

    /// <summary>Reads the files of a folder and sorts them by whether they fit a new package.</summary>
    /// <param name="folder">A package, perhaps of another model or damaged; nothing where it is not there.</param>
    /// <param name="next">The package that takes its place.</param>
    /// <param name="calibrated">Whether the new package brings a calibration, so that the old one is not missed.</param>
    public static PackageExtras Of(string folder, ModelManifest next, bool calibrated = false)
    {
        var extras = new PackageExtras { WasSigned = File.Exists(Path.Combine(folder, PackageFiles.SignatureName)) };
        ModelManifest? old = ManifestOf(folder);
        bool sameExits = old is not null && SameExits(old, next), sameUnits = sameExits && SameUnits(old!, next);
        if (!calibrated)
        {
            extras.Take(folder, PackageFiles.CalibrationName, "the calibration", path =>
            {
                ExitCalibration read = CalibrationFile.Read(path);
                return (sameExits && read.IsOf(next), $"the calibration on {Number(read.Samples)} samples of {read.Source}");
            });
        }
        extras.Take(folder, PackageFiles.GuaranteeName, "the promise", path =>
        {
            AccuracyGuarantee read = PackageJson.Read(path, PackageJson.Default.AccuracyGuarantee);
            string points = (100 * read.MaxLoss).ToString("0.##", CultureInfo.InvariantCulture);
            return (sameExits && Fits(() => read.Checked(next)), $"the promise of at most {points} points lost");
        });
        extras.Take(folder, PackageFiles.BottlenecksName, "the bottlenecks", path =>
        {
            BottleneckSet read = PackageJson.Read(path, PackageJson.Default.BottleneckSet);
            return (sameUnits && Fits(() => read.Checked(next)), $"{Number(read.Items.Count)} bottlenecks");
        });
        extras.Take(folder, PackageFiles.ProfileName, "the device profile", path =>
        {
            DeviceProfile read = PackageJson.Read(path, PackageJson.Default.DeviceProfile);
            bool fits = sameUnits && read.UnitMs.Count == next.Units.Count && read.HeadMs.Count == next.SideExits;
            return (fits, $"the profile of {read.Device}");
        });
        return extras;
    }

    /// <summary>Refuses to lose anything.</summary>
    /// <exception cref="ArgumentException">Something would be lost.</exception>
    public void RequireNoLoss(string folder, ModelManifest next)
    {
        if (_lost.Count == 0) return;
        string old = ManifestOf(folder) is not { } there ? "a package that cannot be read"
            : there.Hash != next.Hash ? $"another model ({Short(there.Hash)}, now {Short(next.Hash)})" : there.ExitRule != next.ExitRule ? $"the same model with the exit rule {there.ExitRule}, now {next.ExitRule}"
            : "the same model with other exits or input";
        throw new ArgumentException(
            $"{folder} holds {old}, and its measurements would be lost: {string.Join(", ", _lost)}; "
            + "take another folder, or --force to replace it");
    }

    /// <summary>A line for each part of the old package.</summary>
    public IEnumerable<string> Notes =>
    [
        .. _kept.Select(kept => $"{kept} is kept"), .. _lost.Select(lost => $"{lost} is lost"),
        .. WasSigned ? ["the package was signed and now is not; sign it again: edgeml sign"] : Array.Empty<string>(),
    ];

    /// <summary>Writes the fitting files into a new package's folder.</summary>
    public void Write(string folder)
    {
        foreach ((string name, byte[] content) in _files) File.WriteAllBytes(Path.Combine(folder, name), content);
    }

    void Take(string folder, string name, string what, Func<string, (bool Fits, string Words)> judge)
    {
        string path = Path.Combine(folder, name);
        if (!File.Exists(path)) return;
        bool fits = false;
        string words = $"{what} ({name}, which cannot be read)";
        try
        {
            (fits, words) = judge(path);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or NullReferenceException)
        {
            // A file that cannot be read fits nothing; it is listed as lost.
        }
        (fits ? _kept : _lost).Add(words);
        if (fits) _files.Add((name, File.ReadAllBytes(path)));
    }

    static ModelManifest? ManifestOf(string folder)
    {
        string path = Path.Combine(folder, PackageFiles.ManifestName);
        if (!File.Exists(path)) return null;
        try
        {
            ModelManifest manifest = PackageJson.Read(path, PackageJson.Default.ModelManifest);
            return manifest.Units.Contains(null!) || manifest.Exits.Contains(null!) ? null : manifest;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    static bool SameExits(ModelManifest old, ModelManifest next) =>
        old.Hash == next.Hash && old.Classes == next.Classes
        && old.Exits.Select(exit => exit.Name).SequenceEqual(next.Exits.Select(exit => exit.Name))
        && InputOf(old) == InputOf(next);

    static bool SameUnits(ModelManifest old, ModelManifest next) =>
        old.Units.Select(Shape).SequenceEqual(next.Units.Select(Shape))
        && old.Exits.Select(exit => exit.AfterUnit).SequenceEqual(next.Exits.Select(exit => exit.AfterUnit));

    static string Shape(UnitInfo unit) => $"{unit.Name} {string.Join('x', unit.OutShape)}";

    /// <summary>Everything about the input: its shape, and how pictures become one.</summary>
    static string InputOf(ModelManifest manifest) => JsonSerializer.Serialize(
        // Packages of older versions name no preprocessing where it is the usual one.
        manifest with
        {
            Preprocessing = manifest.Preprocessing is { IsUsual: true } ? null : manifest.Preprocessing,
            Name = "",
            Units = [],
            Cuts = [],
            Exits = [],
            Files = [],
            ClassNames = [],
            Format = 0,
            // Units and profile do not depend on it; calibration and promise say which rule they are of.
            ExitRule = default,
        },
        PackageJson.Default.ModelManifest);

    static bool Fits(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    static string Short(string hash) => hash.Length > 19 ? hash[..19] : hash;
}
