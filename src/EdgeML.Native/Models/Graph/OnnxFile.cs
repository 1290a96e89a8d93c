using System.Globalization;
using System.Security.Cryptography;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Models.Graph;

/// <summary>An ONNX file in memory, with every weight inline as raw bytes and checked.</summary>
sealed class OnnxFile
{
    OnnxFile(ModelProto model, string name, string hash) => (Model, Name, Hash) = (model, name, hash);

    internal ModelProto Model { get; }

    /// <summary>The file's name without extension.</summary>
    internal string Name { get; }

    /// <summary><c>sha256:</c> and the digest of the file and, in their order, of the external weights it names.</summary>
    internal string Hash { get; }

    /// <exception cref="InvalidDataException">Not a model this library can read; one line says what and where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal static OnnxFile Load(string path)
    {
        string name = Path.GetFileName(path);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (IOException e) when (
            e is not FileNotFoundException and not DirectoryNotFoundException
                && new FileInfo(path) is { Exists: true, Length: > int.MaxValue } file)
        {
            throw new InvalidDataException(
                $"{name}: {file.Length} bytes, an ONNX file has at most {int.MaxValue}; keep the weights in external data", e);
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        ModelProto model = Parse(bytes, name);
        try
        {
            LoadWeights(model.Graph, Path.GetDirectoryName(Path.GetFullPath(path))!, hash);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{name}: {OneLine(e.Message)}", e);
        }
        return new OnnxFile(model, Path.GetFileNameWithoutExtension(path), "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Parses and checks that a graph is there at all.</summary>
    internal static ModelProto Parse(ReadOnlyMemory<byte> bytes, string name)
    {
        ModelProto model;
        try
        {
            model = ModelProto.Parser.ParseFrom(bytes.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{name}: not an ONNX model, or one cut off: {OneLine(e.Message)} ({bytes.Length} bytes)", e);
        }
        if (model.Graph is null || model.Graph.Node.Count == 0)
            throw new InvalidDataException($"{name}: no graph in {bytes.Length} bytes; not an ONNX model, or one cut off");
        if (model.OpsetImport.Count == 0)
            throw new InvalidDataException($"{name}: no operator set is named; not an ONNX model, or one cut off");
        if (model.Graph.SparseInitializer.Count > 0)
            throw new InvalidDataException($"{name}: {model.Graph.SparseInitializer.Count} sparse weights; only dense ones are supported");
        return model;
    }

    /// <summary>Texts with names out of a file may hold anything; a message is one line of bounded length.</summary>
    internal static string OneLine(string text)
    {
        text = string.Join(' ', text.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (text.Length > MostMessage) text = text[..MostMessage] + "...";
        return string.Create(text.Length, text, static (chars, from) =>
        {
            for (int i = 0; i < chars.Length; i++)
                chars[i] = char.IsControl(from[i]) || char.IsSurrogate(from[i]) || from[i] is '\u2028' or '\u2029' ? '?' : from[i];
        });
    }

    const int MostMessage = 400;

    static void LoadWeights(GraphProto graph, string folder, IncrementalHash hash)
    {
        var names = new HashSet<string>();
        var files = new Dictionary<string, byte[]>();
        foreach (TensorProto tensor in graph.Initializer)
        {
            if (tensor.Name.Length == 0 || !names.Add(tensor.Name))
                throw new InvalidDataException($"two weights are named '{tensor.Name}'");
            if (tensor.DataLocation == 1) Inline(tensor, folder, files, hash);
            WeightData.Normalise(tensor);
            WeightData.RequireFinite(tensor);
        }
    }

    static void Inline(TensorProto tensor, string folder, Dictionary<string, byte[]> files, IncrementalHash hash)
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
        // A model is data from elsewhere: it must not make us read files outside its own folder.
        if (location.Length == 0 || Path.IsPathRooted(location) || location.Split('/', '\\').Contains(".."))
            throw new InvalidDataException($"weight '{tensor.Name}' lies in '{location}', outside the model's folder");
        if (!files.TryGetValue(location, out byte[]? data))
        {
            string path = Path.Combine(folder, location);
            if (!File.Exists(path))
                throw new InvalidDataException($"weight '{tensor.Name}' lies in '{location}', which is not beside the model");
            files.Add(location, data = File.ReadAllBytes(path));
            hash.AppendData(data);
        }
        if (length < 0) length = data.Length - offset;
        if (offset < 0 || offset > data.Length || length > data.Length - offset || length < 0)
            throw new InvalidDataException($"weight '{tensor.Name}' is bytes {offset}+{length} of '{location}', which has {data.Length}");
        tensor.RawData = UnsafeByteOperations.UnsafeWrap(data.AsMemory((int)offset, (int)length));
        tensor.ExternalData.Clear();
        tensor.ClearDataLocation();
    }
}
