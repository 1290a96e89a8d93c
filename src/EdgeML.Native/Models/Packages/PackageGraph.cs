using System.Globalization;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Packages;

/// <summary>The checked graph of an open package, and its weights.</summary>
sealed class PackageGraph : IDisposable
{
    readonly Dictionary<string, WeightTensor> _external = [];
    readonly Dictionary<string, TensorInfo> _described = [];

    PackageGraph(ModelProto model, GraphIndex index, PackageWeights weights)
    {
        (Model, Index, Weights) = (model, index, weights);
        GraphProto graph = model.Graph;
        model.Graph = null;
        Shell = model.Clone();
        model.Graph = graph;
    }

    internal ModelProto Model { get; }

    /// <summary>The model without its graph.</summary>
    internal ModelProto Shell { get; }

    internal GraphIndex Index { get; }

    internal PackageWeights Weights { get; }

    /// <summary>Weights of the weights file, by name.</summary>
    internal IReadOnlyDictionary<string, WeightTensor> External => _external;

    /// <summary>Type and full shape of the input, a boundary, or logits.</summary>
    internal TensorInfo Info(string tensor) => _described[tensor];

    internal static PackageGraph Open(PackageContent content, ModelManifest manifest)
    {
        PackageFile graphFile = File(manifest, PackageFiles.GraphName), weightsFile = File(manifest, PackageFiles.WeightsName);
        byte[] bytes = ReadChecked(content, graphFile);
        ModelProto model = OnnxFile.Parse(bytes, graphFile.Name);
        var weights = new PackageWeights(Existing(content.Folder, weightsFile), weightsFile.Bytes);
        try
        {
            if (weights.Length != weightsFile.Bytes)
                throw new InvalidDataException(
                    $"{weightsFile.Name} has {weights.Length} bytes, {PackageFiles.ManifestName} says {weightsFile.Bytes}");
            if (weights.Sha256() != weightsFile.Sha256)
                throw new InvalidDataException(
                    $"{weightsFile.Name} is not the file {PackageFiles.ManifestName} was written for: the digests differ");
            content.Compare(weightsFile);
            var graph = new PackageGraph(model, new GraphIndex(model.Graph), weights);
            graph.ReadWeights();
            graph.ReadDescriptions();
            graph.Check(manifest);
            return graph;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public void Dispose() => Weights.Dispose();

    static PackageFile File(ModelManifest manifest, string name) =>
        manifest.Files.FirstOrDefault(f => f.Name == name)
            ?? throw new InvalidDataException($"{PackageFiles.ManifestName} does not name {name}");

    static string Existing(string folder, PackageFile file)
    {
        string path = Path.Combine(folder, file.Name);
        return System.IO.File.Exists(path) ? path : throw new InvalidDataException($"{folder} has no {file.Name}");
    }

    static byte[] ReadChecked(PackageContent content, PackageFile file)
    {
        long length = RegularFile.Length(Existing(content.Folder, file));
        if (length != file.Bytes)
            throw new InvalidDataException($"{file.Name} has {length} bytes, {PackageFiles.ManifestName} says {file.Bytes}");
        byte[] bytes = content.Read(file.Name, Array.MaxLength);
        if (content.Files[^1] != file)
            throw new InvalidDataException($"{file.Name} is not the file {PackageFiles.ManifestName} was written for: the digests differ");
        return bytes;
    }

    void ReadWeights()
    {
        foreach (TensorProto tensor in Model.Graph.Initializer)
        {
            if (tensor.DataLocation != 1) continue;
            long offset = Number(tensor, "offset"), length = Number(tensor, "length");
            Int128 needed = (Int128)TensorInfo.Count(tensor.Dims) * ElementType.Bytes(tensor.DataType);
            if (length != needed || offset % PackageFiles.Alignment != 0 || length > Weights.Length || offset > Weights.Length - length)
                throw new InvalidDataException(
                    $"{PackageFiles.GraphName}: weight '{tensor.Name}' is bytes {offset}+{length} of {Weights.Length}, "
                    + $"its shape {TensorInfo.Shape(tensor.Dims)} needs {needed}");
            _external.Add(tensor.Name, new WeightTensor(tensor.Name, tensor.DataType, [.. tensor.Dims], Weights.Address(offset), length));
        }
    }

    static long Number(TensorProto tensor, string key) =>
        long.TryParse(
            tensor.ExternalData.FirstOrDefault(e => e.Key == key)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new InvalidDataException($"{PackageFiles.GraphName}: weight '{tensor.Name}' names no {key}");

    void ReadDescriptions()
    {
        foreach (ValueInfoProto info in Model.Graph.Input.Concat(Model.Graph.ValueInfo).Concat(Model.Graph.Output))
        {
            if (info.Type?.TensorType?.Shape is not { } shape)
                throw new InvalidDataException($"{PackageFiles.GraphName}: tensor '{info.Name}' has no shape");
            _described[info.Name] = new TensorInfo(info.Type.TensorType.ElemType, [.. shape.Dim.Select(d => d.DimValue)]);
        }
    }

    void Check(ModelManifest manifest)
    {
        string final = manifest.Exits[^1].Tensor;
        string[] boundaries = [.. manifest.Cuts.Take(manifest.Units.Count).Select(c => c.Tensor), final];
        if (Index.Inputs is not [var input] || input != boundaries[0])
            throw new InvalidDataException($"{PackageFiles.GraphName}: the input is not '{boundaries[0]}'");
        List<string> crossings = Index.Crossings(input, final);
        int at = 0;
        for (int k = 0; k < boundaries.Length; k++)
        {
            at = crossings.IndexOf(boundaries[k], at);
            if (at < 0) throw new InvalidDataException($"{PackageFiles.GraphName}: '{boundaries[k]}' is no cut after cut {k - 1}");
            IReadOnlyList<int> shape = k == 0 ? manifest.Input.Shape : manifest.Units[k - 1].OutShape;
            bool crosses = _described.TryGetValue(boundaries[k], out TensorInfo info) && (manifest.Cuts[k].IsQuantised
                ? ElementType.Name(info.Type) == manifest.Cuts[k].Type : ElementType.IsActivation(info.Type));
            if (!crosses || !info.DimsWithoutBatch.SequenceEqual(shape.Select(dim => (long)dim)))
                throw new InvalidDataException(
                    $"{PackageFiles.GraphName}: '{boundaries[k]}' has not the shape {string.Join('x', shape)} of cut {k}");
        }
        foreach (ExitInfo exit in manifest.Exits)
        {
            if (!_described.TryGetValue(exit.Tensor, out TensorInfo info) || info.Elements != manifest.AnswerElements)
                throw new InvalidDataException(
                    $"{PackageFiles.GraphName}: exit '{exit.Name}' does not put out {manifest.AnswerElements} {(manifest.IsClassifier ? "scores" : "numbers")}");
            if (exit.Index < manifest.Exits.Count && !Index.Crossings(input, exit.Tensor).Contains(boundaries[exit.AfterUnit]))
                throw new InvalidDataException(
                    $"{PackageFiles.GraphName}: exit '{exit.Name}' is not fed by '{boundaries[exit.AfterUnit]}' alone");
        }
    }
}
