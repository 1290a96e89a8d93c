using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using EdgeML.Native.Models.Graph;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Models;

/// <summary>Writes a package: the graph with its large weights as external data, the weights once, the manifest last.</summary>
static class PackageWriter
{
    internal const string ManifestName = "model.json";
    internal const string GraphName = "graph.onnx";
    internal const string WeightsName = "weights.bin";
    internal const string ProfileName = "device.json";
    internal const string CalibrationName = "calibration.csv";
    internal const string PromiseName = "promise.json";
    internal const string BottlenecksName = "bottlenecks.json";

    /// <summary>Weights above this go to the weights file; smaller ones are cheaper inside the graph.</summary>
    internal const int InlineBytes = 1024;

    internal const int Alignment = 64;

    /// <summary>Fills an empty folder.</summary>
    internal static ModelManifest Write(string folder, ModelManifest manifest, Classifier model, Trunk trunk)
    {
        var graph = new ModelProto(model.Model);
        DescribeBoundaries(graph.Graph, model, trunk);
        PackageFile weights;
        using (FileStream stream = File.Create(Path.Combine(folder, WeightsName), 1 << 16))
        {
            string digest = MoveWeights(graph.Graph, stream);
            weights = new PackageFile(WeightsName, stream.Length, digest);
        }
        byte[] bytes = graph.ToByteArray();
        File.WriteAllBytes(Path.Combine(folder, GraphName), bytes);
        string digestOfGraph = Convert.ToHexStringLower(SHA256.HashData(bytes));
        manifest = manifest with { Files = [new PackageFile(GraphName, bytes.Length, digestOfGraph), weights] };
        WriteManifest(folder, manifest);
        return manifest;
    }

    internal static void WriteManifest(string folder, ModelManifest manifest)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest, PackageJson.Default.ModelManifest);
        File.WriteAllBytes(Path.Combine(folder, ManifestName), json);
    }

    static void DescribeBoundaries(GraphProto graph, Classifier model, Trunk trunk)
    {
        graph.Output.Clear();
        IEnumerable<string> outputs = [.. trunk.Exits.Select(e => e.Logits), trunk.Final.Logits];
        graph.Output.Add(outputs.Distinct().Select(o => Describe(o, model.Info(o))));
        graph.ValueInfo.Clear();
        graph.ValueInfo.Add(trunk.Boundaries.Skip(1).Where(b => !outputs.Contains(b)).Select(b => Describe(b, model.Info(b))));
    }

    internal static ValueInfoProto Describe(string name, TensorInfo info)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(info.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        var tensor = new TypeProto.Types.Tensor { ElemType = info.Type, Shape = shape };
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    static string MoveWeights(GraphProto graph, FileStream stream)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var written = new Dictionary<string, long>();
        byte[] padding = new byte[Alignment];
        long end = 0;
        for (int i = 0; i < graph.Initializer.Count; i++)
        {
            TensorProto tensor = graph.Initializer[i];
            if (!tensor.HasRawData || tensor.RawData.Length <= InlineBytes
                || NativeTensors.DtypeOf(tensor.DataType) == Interop.NativeDtype.Other)
                continue;
            ReadOnlySpan<byte> bytes = tensor.RawData.Span;
            string digest = Convert.ToHexString(SHA256.HashData(bytes));
            if (!written.TryGetValue(digest, out long offset))
            {
                int gap = (int)((Alignment - (end % Alignment)) % Alignment);
                stream.Write(padding, 0, gap);
                all.AppendData(padding, 0, gap);
                offset = end + gap;
                stream.Write(bytes);
                all.AppendData(bytes);
                end = offset + bytes.Length;
                written.Add(digest, offset);
            }
            int length = bytes.Length;
            tensor = tensor.Clone();
            tensor.ClearRawData();
            tensor.DataLocation = 1;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = WeightsName });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) });
            graph.Initializer[i] = tensor;
        }
        return Convert.ToHexStringLower(all.GetHashAndReset());
    }
}
