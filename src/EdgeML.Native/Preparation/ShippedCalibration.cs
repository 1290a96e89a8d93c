using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Preparation;

/// <summary>A calibration beside a model file, as <c>NAME.calibration.csv</c> beside <c>NAME.onnx</c>, so that a shipped model carries its
/// exits' accuracy.</summary>
static class ShippedCalibration
{
    const string Extension = ".calibration.csv";

    /// <summary>Reads it where it is of exactly this model and these exits.</summary>
    /// <param name="onnxPath">The model file.</param>
    /// <param name="manifest">The manifest of its package.</param>
    /// <param name="notes">Gets a note of the calibration used, or of the reason against it.</param>
    /// <returns>Null for none.</returns>
    public static ExitCalibration? Beside(string onnxPath, ModelManifest manifest, List<string> notes)
    {
        string path = Path.ChangeExtension(onnxPath, null) + Extension;
        if (!File.Exists(path)) return null;
        string name = Path.GetFileName(path);
        try
        {
            ExitCalibration calibration = CalibrationFile.Read(path);
            if (calibration.Model is not null && calibration.IsOf(manifest))
            {
                notes.Add($"{calibration.Info} ({name})");
                return calibration;
            }
            notes.Add($"{name} is left out: it is of {calibration.Model ?? "a model it does not name"}, or of other exits");
        }
        catch (InvalidDataException e)
        {
            notes.Add($"{name} is left out: {MessageText.OneLine(e.Message)}");
        }
        return null;
    }
}
