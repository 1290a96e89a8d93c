using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
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
    readonly NamedTensor[] _inputs; // as the engine lists them

    ReferenceNetwork(ContextHandle context, EngineHandle engine, string[] outputs, NamedTensor[] inputs) =>
        (_context, _engine, _outputs, _inputs) = (context, engine, outputs, inputs);

    /// <summary>Opens a network.</summary>
    /// <param name="model">Parsed from the file and not changed; its external data are read from <paramref name="folder"/>.</param>
    /// <param name="folder">Where the file lies.</param>
    /// <param name="inputs">Those that the outputs depend on.</param>
    /// <param name="outputs">Tensors to put out; all exist.</param>
    /// <param name="optimization">How far the engine may rewrite it.</param>
    /// <exception cref="NativeException">The engine refuses it.</exception>
    internal static ReferenceNetwork Open(
        ModelProto model, string folder, IReadOnlyList<NamedTensor> inputs, IReadOnlyList<string> outputs,
        NativeOptimization optimization = NativeOptimization.None)
    {
        var cut = new ModelProto(model);
        Select(cut.Graph, inputs, outputs);
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
                return new ReferenceNetwork(context, engine, [.. outputs], InOrder(engine, inputs));
            }
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>Runs one input.</summary>
    /// <param name="row">All inputs, one after the other as they are described.</param>
    /// <returns>The outputs' elements by name; integers of more than 16 bits in the parts that <see cref="NamedTensor"/> makes of them.</returns>
    internal Dictionary<string, float[]> Run(float[] row)
    {
        var pinned = new List<MemoryHandle>();
        try
        {
            void** data = stackalloc void*[_inputs.Length];
            var bytes = new ulong[_inputs.Length];
            for (int i = 0; i < _inputs.Length; i++)
            {
                byte[] elements = Elements(_inputs[i], row);
                MemoryHandle handle = elements.AsMemory().Pin();
                pinned.Add(handle);
                data[i] = handle.Pointer;
                bytes[i] = (ulong)elements.Length;
            }
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine, data, bytes, (uint)_inputs.Length));
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
        finally
        {
            foreach (MemoryHandle handle in pinned) handle.Dispose();
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        _context.Dispose();
    }

    static NamedTensor[] InOrder(EngineHandle engine, IReadOnlyList<NamedTensor> inputs)
    {
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, engine));
        var ordered = new NamedTensor[info.Inputs];
        for (int i = 0; i < ordered.Length; i++)
        {
            var tensor = new TensorInfoNative();
            NativeError.Check(NativeMethods.EngineGetInput(ref tensor, engine, (uint)i));
            string name = NativeTensors.Name(in tensor);
            ordered[i] = inputs.First(input => input.Name == name);
        }
        return ordered;
    }

    /// <summary>An input as the file takes it.</summary>
    static byte[] Elements(NamedTensor input, float[] row)
    {
        ReadOnlySpan<float> floats = row.AsSpan(input.Offset, input.RowElements);
        if (input.Type == "float32") return MemoryMarshal.AsBytes(floats).ToArray();
        if (!input.IsInteger) return Bytes(floats.ToArray(), x => (Half)x);
        var values = new long[input.Elements];
        input.CopyTo(row, values);
        return input.Type switch
        {
            "bool" or "uint8" or "int8" => Bytes(values, x => (byte)x),
            "int16" or "uint16" => Bytes(values, x => (short)x),
            "int32" or "uint32" => Bytes(values, x => (int)x),
            _ => Bytes(values, x => x),
        };
    }

    static byte[] Bytes<TFrom, TTo>(TFrom[] values, Func<TFrom, TTo> convert) where TTo : unmanaged =>
        MemoryMarshal.AsBytes<TTo>(Array.ConvertAll(values, x => convert(x))).ToArray();

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
    static void Select(GraphProto graph, IReadOnlyList<NamedTensor> inputs, IReadOnlyList<string> outputs)
    {
        var index = new GraphIndex(graph);
        bool[] needed = index.Ancestors(outputs);
        List<NodeProto> nodes = [.. Enumerable.Range(0, needed.Length).Where(n => needed[n]).Select(n => index.Nodes[n])];
        HashSet<string> weights = [.. graph.Initializer.Select(w => w.Name)];
        List<ValueInfoProto> kept = [.. graph.Input.Where(i => weights.Contains(i.Name) || inputs.Any(input => input.Name == i.Name))];
        graph.Node.Clear();
        graph.Node.Add(nodes);
        graph.Input.Clear();
        graph.Input.Add(kept.Select(i => inputs.FirstOrDefault(input => input.Name == i.Name) is { } found ? Describe(found, i) : i));
        graph.Output.Clear();
        graph.Output.Add(outputs.Select(o => new ValueInfoProto { Name = o }));
        graph.ValueInfo.Clear(); // which may know the open shape
    }

    static ValueInfoProto Describe(NamedTensor input, ValueInfoProto declared) =>
        new TensorInfo(declared.Type?.TensorType?.ElemType is > 0 and int type ? type : ElementType.Float, [.. input.Shape.Select(d => (long)d)])
            .Describe(input.Name);

    static float[] Floats(in TensorInfoNative info, void* data)
    {
        int bytes = checked((int)info.Bytes);
        if (data is null) return [];
        float[] Parts<T>(string type, Func<T, long> convert) where T : unmanaged
        {
            long[] values = Array.ConvertAll(MemoryMarshal.Cast<byte, T>(new ReadOnlySpan<byte>(data, bytes)).ToArray(), x => convert(x));
            var tensor = new NamedTensor("", [values.Length], type, 0);
            var parts = new float[tensor.RowElements];
            tensor.Write(values, parts);
            return parts;
        }
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
            NativeDtype.Bool => As<byte>(x => x),
            NativeDtype.Int16 => As<short>(x => x),
            NativeDtype.UInt16 => As<ushort>(x => x),
            NativeDtype.Int32 => Parts<int>("int32", x => x),
            NativeDtype.UInt32 => Parts<uint>("uint32", x => x),
            NativeDtype.Int64 => Parts<long>("int64", x => x),
            _ => [],
        };
    }
}
