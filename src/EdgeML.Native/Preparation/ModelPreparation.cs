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
    /// <param name="onnxPath">An ONNX network: a classifier with one output per exit, or one with outputs of any kind.</param>
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
        Divided made = Divide(onnxPath, options, runner);
        (Classifier classifier, Trunk trunk, ModelManifest manifest) = (made.Graph, made.Trunk, made.Manifest);
        PackageExtras extras = PackageExtras.Of(folder, manifest);
        if (!options.Force) extras.RequireNoLoss(folder, manifest);
        List<string> notes = [.. extras.Notes];
        ExitCalibration? shipped = extras.HoldsCalibration || !manifest.IsClassifier || options.ChangesPictures(manifest) ? null : ShippedCalibration.Beside(onnxPath, manifest, notes);
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

    /// <summary>A model file ready to be written as a package.</summary>
    sealed record Divided(Classifier Graph, Trunk Trunk, ModelManifest Manifest);

    static Divided Divide(string onnxPath, PrepareOptions options, IGraphRunner runner)
    {
        string name = Path.GetFileName(onnxPath);
        OutputKind kind = KindOf(options);
        string? why = null;
        if (kind != OutputKind.Raw)
        {
            try
            {
                return Divide(
                    onnxPath, options, model => Classifier.Require(model, options, runner, severalInputs: true),
                    model => Classifier.From(model, options, runner, severalInputs: true));
            }
            catch (NoClassScoresException e) when (kind == OutputKind.Auto)
            {
                why = e.Message;
            }
            catch (NoClassScoresException e)
            {
                throw new InvalidDataException($"{name}: {MessageText.OneLine(e.Message)}", e);
            }
        }
        Divided made = Divide(
            onnxPath, options, model => Classifier.RequireRaw(model, options, runner), model => Classifier.Raw(model, options, runner));
        if (why is not null)
            made.Graph.Note($"outputs are taken as they are, without classes and exits: {why.Split("; choose", 2)[0].Split("; a classifier", 2)[0]}");
        return made;
    }

    static Divided Divide(string onnxPath, PrepareOptions options, Action<ModelProto> require, Func<ModelProto, Classifier> open)
    {
        OnnxFile file = OnnxFile.Load(onnxPath, require);
        try
        {
            Classifier graph = open(file.Model);
            int classes = graph.RawOutputs is null ? graph.Classes() : 0;
            Trunk trunk = PackedCuts.Insert(graph, Trunk.Find(graph));
            return new Divided(graph, trunk, ManifestBuilder.Build(graph, trunk, classes, file.Name, file.Hash, options));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(onnxPath)}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    /// <exception cref="ArgumentException">Options that contradict each other.</exception>
    static OutputKind KindOf(PrepareOptions options)
    {
        bool raw = options.Outputs == OutputKind.Raw || options.OutputNames is not null;
        string? ofClasses = options.Exits is not null ? "exits are" : options.Final is not null ? "a final exit is" : options.ClassNames is not null ? "class names are" : null;
        if (raw && options.Outputs == OutputKind.Classes)
            throw new ArgumentException($"outputs {string.Join(", ", options.OutputNames!)} are to be kept as they are and to be class scores");
        if (raw && ofClasses is not null)
            throw new ArgumentException($"{ofClasses} given for outputs that are taken as they are, which have no classes");
        return raw ? OutputKind.Raw : ofClasses is not null ? OutputKind.Classes : options.Outputs;
    }
}
