using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Scenarios;

/// <summary>The model a demo runs on: the shipped one, prepared on first use, or a package given by the user; calibrated either
/// way.</summary>
static class DemoModel
{
    const int CalibrationSamples = 600;
    const ulong CalibrationSeed = 90210;

    /// <summary>Loads the model; preparing and calibrating it takes some seconds once.</summary>
    /// <param name="folder">A package; null for the shipped model's, which is kept in the folder of engines.</param>
    /// <param name="data">The data on which a package without calibration is calibrated where "shapes" does not fit it; null for "shapes".</param>
    /// <param name="say">Gets the names of slow steps.</param>
    /// <param name="cancellation">Checked between samples.</param>
    /// <param name="backend">The inference library; null for the defaults.</param>
    /// <exception cref="FileNotFoundException">The shipped model is not there.</exception>
    /// <exception cref="InvalidDataException">The package is malformed.</exception>
    public static BranchedModel Load(string? folder, DataSpec? data, Action<string> say, CancellationToken cancellation,
        BackendOptions? backend = null)
    {
        BranchedModel model = BranchedModel.Load(folder ?? PrepareShipped(say), backend);
        try
        {
            if (model.Package.Calibration is null) Calibrate(model, data is null or { Kind: "shapes" } ? null : data, say, cancellation);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    static string PrepareShipped(Action<string> say)
    {
        string file = ProjectFolders.ShippedModel
            ?? throw new FileNotFoundException(
                $"{ProjectFolders.ShippedModelFile} is not there; looked at {string.Join(", ", ProjectFolders.ShippedModelPlaces)}; "
                + $"--model takes another package");
        string digest = ContentHash.Of(File.ReadAllBytes(file));
        string folder = Path.Combine(ProjectFolders.Engines, $"{Path.GetFileNameWithoutExtension(file)}-{digest[..8]}");
        if (IsPackage(folder)) return folder;
        say($"preparing {Path.GetFileName(file)} in {folder}");
        Directory.CreateDirectory(ProjectFolders.Engines);
        ModelPreparation.Prepare(file, folder, new PrepareOptions { Force = true });
        return folder;
    }

    static bool IsPackage(string folder)
    {
        if (!Directory.Exists(folder)) return false;
        try
        {
            ModelPackage.Open(folder).Dispose();
            return true;
        }
        catch (InvalidDataException)
        {
            // Of an older version or damaged; it is only a cache, so it is rebuilt.
            return false;
        }
    }

    static void Calibrate(BranchedModel model, DataSpec? data, Action<string> say, CancellationToken cancellation)
    {
        if (model.Package.Signature is not null)
            throw new InvalidDataException(
                $"{model.Package.Folder} is signed but not calibrated, and a calibration would end the signature; run edgeml calibrate, then sign it again");
        data ??= DataSpec.Parse($"shapes:seed={CalibrationSeed},difficulty=mixed");
        say($"calibrating exits on {CalibrationSamples} samples of {data.Text}");
        using ImageSource source = data.Open(model.Manifest, CalibrationSamples);
        model.Package.SaveCalibration(RecordedInputs.Record(model, source, CalibrationSamples, cancellation).ToCalibration());
    }
}
