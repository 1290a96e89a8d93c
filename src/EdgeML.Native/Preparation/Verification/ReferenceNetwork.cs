using System.Runtime.InteropServices;
using System.Text;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>The network of a model file as it is, run in one session without any optimisation unless some is asked for: the reference for
/// answers. One thread at a time.</summary>
sealed unsafe class ReferenceNetwork : IDisposable
{
    readonly ContextHandle _context;
    readonly EngineHandle _engine;
    readonly string[] _outputs;

    ReferenceNetwork(ContextHandle context, EngineHandle engine, string[] outputs) =>
        (_context, _engine, _outputs) = (context, engine, outputs);

    /// <summary>Opens a network.</summary>
    /// <param name="model">Parsed from the file and not changed; its external data are read from <paramref name="folder"/>.</param>
    /// <param name="folder">Where the file lies.</param>
    /// <param name="input">The one input.</param>
    /// <param name="dims">Its full shape.</param>
    /// <param name="outputs">Tensors to put out; all exist.</param>
    /// <param name="optimization">How far the engine may rewrite it.</param>
    /// <exception cref="NativeException">The engine refuses it.</exception>
    internal static ReferenceNetwork Open(
        ModelProto model, string folder, string input, IReadOnlyList<long> dims, IReadOnlyList<string> outputs,
        NativeOptimization optimization = NativeOptimization.None)
    {
        var cut = new ModelProto(model);
        Select(cut.Graph, input, dims, outputs);
        folder = FollowLinks(cut.Graph, Path.GetFullPath(folder));
        byte[] bytes = cut.ToByteArray();
        NativeLibraryLoader.EnsureLoaded();
        NativeError.Check(NativeMethods.ContextCreate(out ContextHandle context, new ContextDescNative()));
        try
        {
            fixed (byte* first = bytes)
            fixed (byte* path = Encoding.UTF8.GetBytes(folder + '\0'))
            {
                using var noWeights = new WeightsHandle();
                var desc = new EngineDescNative
                {
                    Optimization = optimization,
                    Model = first,
                    ModelBytes = (ulong)bytes.Length,
                    Folder = path,
                };
                NativeError.Check(NativeMethods.EngineCreate(out EngineHandle engine, context, noWeights, desc));
                return new ReferenceNetwork(context, engine, [.. outputs]);
            }
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Runs one input.</summary>
    /// <returns>The outputs' elements by name.</returns>
    internal Dictionary<string, float[]> Run(float[] input)
    {
        fixed (float* first = input)
        {
            void* data = first;
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (outputs)
            {
                var values = new Dictionary<string, float[]>();
                for (int i = 0; i < _outputs.Length; i++)
                {
                    var output = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref output, out void* elements, outputs, (uint)i));
                    values.Add(_outputs[i], Floats(output, elements));
                }
                return values;
            }
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        _context.Dispose();
    }

    /// <summary>Names external data by where links lead, which ONNX Runtime does not follow out of a model's folder.</summary>
    /// <returns>The folder that the names begin at.</returns>
    static string FollowLinks(GraphProto graph, string folder)
    {
        List<StringStringEntryProto> locations = [.. Tensors(graph).Where(t => t.DataLocation == 1)
            .SelectMany(t => t.ExternalData).Where(e => e.Key == "location")];
        string[] files = [.. locations.Select(l => Path.GetFullPath(Path.Combine(folder, l.Value)))];
        string[] ends = [.. files.Select(f => new FileInfo(f) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? f : f)];
        if (ends.SequenceEqual(files)) return folder;
        string root = Path.GetPathRoot(folder)!;
        for (int i = 0; i < ends.Length; i++) locations[i].Value = Path.GetRelativePath(root, ends[i]).Replace('\\', '/');
        return root;
    }

    static IEnumerable<TensorProto> Tensors(GraphProto graph) => graph.Initializer
        .Concat(graph.Node.SelectMany(n => n.Attribute).Select(a => a.T).OfType<TensorProto>())
        .Concat(graph.Node.SelectMany(RunTimeTensors.Subgraphs).SelectMany(Tensors));

    /// <summary>Leaves the nodes that some tensors need, makes those the outputs, and fixes the input's shape.</summary>
    static void Select(GraphProto graph, string input, IReadOnlyList<long> dims, IReadOnlyList<string> outputs)
    {
        var index = new GraphIndex(graph);
        bool[] needed = index.Ancestors(outputs);
        List<NodeProto> nodes = [.. Enumerable.Range(0, needed.Length).Where(n => needed[n]).Select(n => index.Nodes[n])];
        HashSet<string> weights = [.. graph.Initializer.Select(w => w.Name)];
        List<ValueInfoProto> inputs = [.. graph.Input.Where(i => i.Name == input || weights.Contains(i.Name))];
        graph.Node.Clear();
        graph.Node.Add(nodes);
        graph.Input.Clear();
        graph.Input.Add(inputs.Select(i => i.Name == input ? new TensorInfo(ElementType.Float, [.. dims]).Describe(input) : i));
        graph.Output.Clear();
        graph.Output.Add(outputs.Select(o => new ValueInfoProto { Name = o }));
        graph.ValueInfo.Clear(); // which may know the open shape
    }

    static float[] Floats(in TensorInfoNative info, void* data)
    {
        int bytes = checked((int)info.Bytes);
        if (data is null) return [];
        float[] As<T>(Func<T, float> convert) where T : unmanaged =>
            Array.ConvertAll(MemoryMarshal.Cast<byte, T>(new ReadOnlySpan<byte>(data, bytes)).ToArray(), x => convert(x));
        return info.Dtype switch
        {
            NativeDtype.Float32 => As<float>(x => x),
            NativeDtype.Float16 => As<Half>(x => (float)x),
            NativeDtype.BFloat16 => As<ushort>(x => BitConverter.Int32BitsToSingle(x << 16)),
            NativeDtype.Float64 => As<double>(x => (float)x),
            NativeDtype.UInt8 => As<byte>(x => x),
            NativeDtype.Int8 => As<sbyte>(x => x),
            NativeDtype.Int32 => As<int>(x => x),
            NativeDtype.Int64 => As<long>(x => x),
            _ => [],
        };
    }
}
