using System.Globalization;
using System.Text.Json;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Preparation;

/// <summary>Writes a package: the graph with its large weights as external data, the weights once, the manifest last.</summary>
static class PackageWriter
{
    /// <summary>Fills an empty folder.</summary>
    internal static ModelManifest Write(string folder, ModelManifest manifest, Classifier model, Trunk trunk)
    {
        var graph = new ModelProto(model.Model);
        DescribeBoundaries(graph.Graph, model, trunk);
        PackageFile weights;
        using (FileStream stream = File.Create(Path.Combine(folder, PackageFiles.WeightsName), 1 << 16))
        {
            string digest = MoveWeights(graph.Graph, stream);
            weights = new PackageFile(PackageFiles.WeightsName, stream.Length, digest);
        }
        byte[] bytes = graph.ToByteArray();
        File.WriteAllBytes(Path.Combine(folder, PackageFiles.GraphName), bytes);
        string digestOfGraph = ContentHash.Of(bytes);
        manifest = manifest with { Files = [new PackageFile(PackageFiles.GraphName, bytes.Length, digestOfGraph), weights] };
        PackageJson.WriteManifest(folder, manifest);
        return manifest;
    }

    static void DescribeBoundaries(GraphProto graph, Classifier model, Trunk trunk)
    {
        graph.Output.Clear();
        IEnumerable<string> outputs = [.. trunk.Exits.Select(e => e.Logits), trunk.Final.Logits];
        graph.Output.Add(outputs.Distinct().Select(o => model.Info(o).Describe(o)));
        graph.ValueInfo.Clear();
        graph.ValueInfo.Add(trunk.Boundaries.Skip(1).Where(b => !outputs.Contains(b)).Select(b => model.Info(b).Describe(b)));
    }

    static string MoveWeights(GraphProto graph, FileStream stream)
    {
        var all = new ContentHash();
        var written = new Dictionary<string, long>();
        byte[] padding = new byte[PackageFiles.Alignment];
        long end = 0;
        for (int i = 0; i < graph.Initializer.Count; i++)
        {
            TensorProto tensor = graph.Initializer[i];
            if (!tensor.HasRawData || tensor.RawData.Length <= PackageFiles.InlineBytes
                || NativeTensors.DtypeOf(tensor.DataType) == NativeDtype.Other)
                continue;
            ReadOnlySpan<byte> bytes = tensor.RawData.Span;
            string digest = ContentHash.Of(bytes);
            if (!written.TryGetValue(digest, out long offset))
            {
                int gap = (int)((PackageFiles.Alignment - (end % PackageFiles.Alignment)) % PackageFiles.Alignment);
                stream.Write(padding, 0, gap);
                all.Append(padding.AsSpan(0, gap));
                offset = end + gap;
                stream.Write(bytes);
                all.Append(bytes);
                end = offset + bytes.Length;
                written.Add(digest, offset);
            }
            int length = bytes.Length;
            tensor = tensor.Clone();
            tensor.ClearRawData();
            tensor.DataLocation = 1;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = PackageFiles.WeightsName });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset.ToString(CultureInfo.InvariantCulture) });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = length.ToString(CultureInfo.InvariantCulture) });
            graph.Initializer[i] = tensor;
        }
        return all.Finish();
    }
}
