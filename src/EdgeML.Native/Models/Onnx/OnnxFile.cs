using System.Globalization;
using Google.Protobuf;

namespace EdgeML.Native.Models.Onnx;

/// <summary>An ONNX file in memory, with every weight inline as raw bytes and checked.</summary>
sealed class OnnxFile
{
    OnnxFile(ModelProto model, string name, string hash) => (Model, Name, Hash) = (model, name, hash);

    internal ModelProto Model { get; }

    /// <summary>The file's name without extension.</summary>
    internal string Name { get; }

    /// <summary><c>sha256:</c> and the digest of the file and, in their order, of the external weights it names.</summary>
    internal string Hash { get; }

    /// <param name="path">An ONNX file; the weights beside it are read too.</param>
    /// <param name="require">Refuses a model by its graph, before any weight is read; null for none.</param>
    /// <exception cref="InvalidDataException">Not a model this library can read; one line names fault and place.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static OnnxFile Load(string path, Action<ModelProto>? require = null)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        if (Directory.Exists(path)) throw new InvalidDataException($"{name}: {FileKind.Folder(path)}");
        var bytes = new FileBytes(path);
        if (FileKind.OtherThanOnnx(bytes.Head(), bytes.Length, path) is { } other) throw new InvalidDataException($"{name}: {other}");
        if (bytes.Length > int.MaxValue)
            throw new InvalidDataException(
                $"{name}: {bytes.Length} bytes, an ONNX file has at most {int.MaxValue}; keep the weights in external data");
        ModelProto model = ParseWhole(bytes, name);
        var hash = new ContentHash();
        try
        {
            require?.Invoke(model);
            bytes.AppendTo(hash);
            LoadWeights(model, new ModelFolder(path), hash);
            LocalFunctions.Inline(model);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {MessageText.OneLine(e.Message)}", e);
        }
        return new OnnxFile(model, Path.GetFileNameWithoutExtension(path), "sha256:" + hash.Finish());
    }

    /// <summary>Parses without copying large weights.</summary>
    static ModelProto ParseWhole(FileBytes bytes, string name)
    {
        ReadOnlyMemory<byte> whole = bytes.Slice(0, (int)bytes.Length);
        if (whole.Length < LeastSplit || OnnxSplit.Of(whole.Span) is not { } split) return Parse(whole, name);
        ModelProto model = Parse(split.Rest, name, whole.Length);
        for (int i = 0; i < split.Weights.Count; i++)
        {
            (int weight, int offset, int length) = split.Weights[i];
            if (weight >= model.Graph.Initializer.Count) return Parse(whole, name);
            model.Graph.Initializer[weight].RawData = UnsafeByteOperations.UnsafeWrap(whole.Slice(offset, length));
        }
        return model;
    }

    const int LeastSplit = 1 << 16;

    /// <summary>Parses and checks that a graph is there at all.</summary>
    internal static ModelProto Parse(ReadOnlyMemory<byte> bytes, string name, int? length = null)
    {
        int count = length ?? bytes.Length;
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(bytes.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{name}: not an ONNX model, or one cut off: {MessageText.OneLine(e.Message)} ({count} bytes)", e);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
            throw new InvalidDataException($"{name}: no graph in {count} bytes; not an ONNX model, or one cut off");
        if (model.OpsetImport.Count == 0)
            throw new InvalidDataException($"{name}: no operator set is named; not an ONNX model, or one cut off");
        if (model.Graph.SparseInitializer.Count > 0)
            throw new InvalidDataException($"{name}: {model.Graph.SparseInitializer.Count} sparse weights; only dense ones are supported");
        return model;
    }

    static void LoadWeights(ModelProto model, ModelFolder folder, ContentHash hash)
    {
        var names = new HashSet<string>();
        var files = new Dictionary<string, FileBytes>();
        HashSet<string> factors = [.. model.Graph.Node.Where(Operators.IsLayer).SelectMany(n => n.Input)];
        foreach (TensorProto tensor in model.Graph.Initializer)
        {
            if (tensor.Name.Length == 0 || !names.Add(tensor.Name))
                throw new InvalidDataException($"two weights are named '{tensor.Name}'");
            if (tensor.DataLocation == 1) Inline(tensor, folder, files, hash);
            WeightData.Normalise(tensor);
            WeightData.RequireNumbers(tensor, finite: factors.Contains(tensor.Name));
        }
        foreach (TensorProto tensor in InNodes(model.Graph.Node).Concat(model.Functions.SelectMany(f => InNodes(f.Node))))
        {
            if (tensor.DataLocation != 1) continue;
            Inline(tensor, folder, files, hash);
            WeightData.Normalise(tensor);
        }
    }

    /// <summary>Tensors that nodes hold, in attributes and in the graphs of their branches.</summary>
    static IEnumerable<TensorProto> InNodes(IEnumerable<NodeProto> nodes)
    {
        foreach (AttributeProto attribute in nodes.SelectMany(n => n.Attribute))
        {
            if (attribute.T is not null) yield return attribute.T;
            foreach (TensorProto tensor in attribute.Tensors) yield return tensor;
            foreach (GraphProto graph in attribute.G is null ? attribute.Graphs : attribute.Graphs.Prepend(attribute.G))
            {
                foreach (TensorProto tensor in graph.Initializer) yield return tensor;
                foreach (TensorProto tensor in InNodes(graph.Node)) yield return tensor;
            }
        }
    }

    static void Inline(TensorProto tensor, ModelFolder folder, Dictionary<string, FileBytes> files, ContentHash hash)
    {
        string location = "";
        long offset = 0, length = -1;
        foreach (StringStringEntryProto entry in tensor.ExternalData)
        {
            bool known = entry.Key switch
            {
                "location" => (location = entry.Value).Length > 0,
                "offset" => long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out offset),
                "length" => long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out length),
                _ => true,
            };
            if (!known) throw new InvalidDataException($"weight '{tensor.Name}' has the external {entry.Key} '{entry.Value}'");
        }
        if (!files.TryGetValue(location, out FileBytes? data))
        {
            files.Add(location, data = new FileBytes(folder.Find(location, $"weight '{tensor.Name}'")));
            data.AppendTo(hash);
        }
        if (length < 0) length = data.Length - offset;
        if (offset < 0 || offset > data.Length || length > data.Length - offset || length < 0)
        {
            if (FileKind.LfsPointer(data.Head()) is { } pointer) throw new InvalidDataException($"'{location}' is {pointer}");
            throw new InvalidDataException($"weight '{tensor.Name}' is bytes {offset}+{length} of '{location}', which has {data.Length}");
        }
        if (length > int.MaxValue)
            throw new InvalidDataException($"weight '{tensor.Name}' has {length} bytes, one weight has at most {int.MaxValue}");
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(data.Slice(offset, (int)length));
        tensor.ExternalData.Clear();
        tensor.ClearDataLocation();
    }
}
