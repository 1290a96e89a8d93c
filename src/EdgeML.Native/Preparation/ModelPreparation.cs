using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Preparation.Verification;

namespace EdgeML.Native.Preparation;

/// <summary>Makes packages of model files.</summary>
public static class ModelPreparation
{
    /// <summary>Makes a package of a model file.</summary>
    /// <param name="onnxPath">Any ONNX classifier with one float32 input and one output per exit.</param>
    /// <param name="folder">Appears whole or not at all; an existing package is replaced, and its measurements are kept where
    /// model and exits are the same.</param>
    /// <param name="options">The outputs that are exits, and settings that the file leaves open.</param>
    /// <exception cref="InvalidDataException">The model cannot be used; one line names fault and place.</exception>
    /// <exception cref="ArgumentException">The folder is something else than a package, and not empty; or a package whose calibration,
    /// guarantee, bottlenecks or profile would be lost, without <see cref="PrepareOptions.Force"/>.</exception>
    /// <exception cref="IOException">The file cannot be read or the folder not be written.</exception>
    public static PreparedModel Prepare(string onnxPath, string folder, PrepareOptions? options = null) =>
        Prepare(onnxPath, folder, options, new NativeGraphRunner(), new PackageVerifier());

    /// <summary>The same with another engine to learn shapes with, and without the comparison where <paramref name="verifier"/> is
    /// null.</summary>
    internal static PreparedModel Prepare(
        string onnxPath, string folder, PrepareOptions? options, IGraphRunner runner, PackageVerifier? verifier = null)
    {
        options ??= new PrepareOptions();
        OnnxFile file = OnnxFile.Load(onnxPath, model => Classifier.Require(model, options, runner));
        Classifier classifier;
        Trunk trunk;
        ModelManifest manifest;
        try
        {
            classifier = Classifier.From(file.Model, options.Exits, options.Final, options.InputShape, runner);
            int classes = classifier.Classes();
            trunk = PackedCuts.Insert(classifier, Trunk.Find(classifier));
            manifest = ManifestBuilder.Build(classifier, trunk, classes, file.Name, file.Hash, options);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(onnxPath)}: {MessageText.OneLine(e.Message)}", e);
        }
        PackageExtras extras = PackageExtras.Of(folder, manifest);
        if (!options.Force) extras.RequireNoLoss(folder, manifest);
        List<string> notes = [.. extras.Notes];
        ExitCalibration? shipped = extras.HoldsCalibration || options.ChangesPictures(manifest) ? null : ShippedCalibration.Beside(onnxPath, manifest, notes);
        AtomicFile.WriteFolder(folder, PackageFiles.ManifestName, temporary =>
        {
            manifest = PackageWriter.Write(temporary, manifest, classifier, trunk);
            if (verifier is not null) manifest = verifier.Verify(temporary, onnxPath, classifier, options);
            extras.Write(temporary);
            if (shipped is not null)
            {
                using FileStream stream = File.Create(Path.Combine(temporary, PackageFiles.CalibrationName));
                CalibrationFile.Write(stream, shipped);
            }
        });
        return new PreparedModel(manifest, [.. classifier.Notes, .. notes]);
    }
}
