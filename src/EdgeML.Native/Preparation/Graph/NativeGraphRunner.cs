using System.Buffers;
using System.Diagnostics;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Runs graphs with the native engine.</summary>
sealed unsafe class NativeGraphRunner : IGraphRunner
{
    /// <summary>Models with more bytes of weights get them from outside: a model in one piece has at most 2 GB, and is copied.</summary>
    internal long MostInline { get; init; } = 1 << 30;

    const int LeastExternal = 1024, Repeats = 5;

    public ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep) =>
        OnEngine(model, engine => Run(engine, inputs, keep));

    public double? Measure(ModelProto model) =>
        OnEngine(model, engine =>
        {
            double best = double.PositiveInfinity;
            for (int i = 0; i < Repeats; i++)
            {
                long started = Stopwatch.GetTimestamp();
                NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, engine, null, [], 0));
                best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                outputs.Dispose();
            }
            return best;
        });

    public string? NewerThanEngine(ModelProto model)
    {
        long opset = model.OpsetImport.FirstOrDefault(o => o.Domain is "" or "ai.onnx")?.Version ?? 0;
        if (opset > KnownOpset && Newest(version => Empty(version, KnownIr), KnownOpset, opset) is var newest && newest < opset)
            return $"opset {opset} is newer than the engine reads, {newest}; export the model with opset {newest} or lower";
        if (model.IrVersion > KnownIr && Newest(version => Empty(KnownOpset, version), KnownIr, model.IrVersion) is var ir
            && ir < model.IrVersion)
            return $"ONNX's IR version {model.IrVersion} is newer than the engine reads, {ir}; "
                + "save the model with an onnx package of that version";
        return null;
    }

    /// <summary>The versions that every engine of this library reads.</summary>
    const long KnownOpset = 17, KnownIr = 8, MostVersions = 64;

    long Newest(Func<long, ModelProto> model, long known, long wanted)
    {
        if (Reads(wanted)) return wanted;
        long newest = known;
        while (newest < Math.Min(wanted, known + MostVersions) && Reads(newest + 1)) newest++;
        return newest;

        bool Reads(long version)
        {
            try
            {
                return OnEngine(model(version), _ => true);
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
    }

    /// <summary>A model that does nothing.</summary>
    static ModelProto Empty(long opset, long ir) => new()
    {
        IrVersion = ir,
        OpsetImport = { new OperatorSetIdProto { Version = opset } },
        Graph = new GraphProto
        {
            Name = "empty",
            Input = { new TensorInfo(ElementType.Float, [1, 2]).Describe("x") },
            Output = { new TensorInfo(ElementType.Float, [1, 2]).Describe("y") },
            Node = { new NodeProto { OpType = "Relu", Input = { "x" }, Output = { "y" } } },
        },
    };

    T OnEngine<T>(ModelProto model, Func<EngineHandle, T> use)
    {
        // Anything missing on this machine speaks for itself; only the engine's verdict on the model is the model's fault.
        NativeLibraryLoader.EnsureLoaded();
        NativeError.Check(NativeMethods.ContextCreate(out ContextHandle context, new ContextDescNative()));
        var pinned = new List<MemoryHandle>();
        try
        {
            using WeightsHandle weights = Share(context, ref model, pinned);
            byte[] onnx = Serialised(model);
            using EngineHandle engine = Load(context, onnx, weights);
            return use(engine);
        }
        catch (NativeException e) when (e.Status is not NativeStatus.Internal)
        {
            throw new InvalidDataException($"the engine refuses the model: {MessageText.EngineReason(e.Message)}", e);
        }
        finally
        {
            context.Dispose();
            foreach (MemoryHandle handle in pinned) handle.Dispose();
        }
    }

    WeightsHandle Share(ContextHandle context, ref ModelProto model, List<MemoryHandle> pinned)
    {
        if (model.Graph.Initializer.Sum(w => (long)w.RawData.Length) <= MostInline) return new WeightsHandle();
        model = model.Clone();
        NativeError.Check(NativeMethods.WeightsCreate(out WeightsHandle weights, context, null, null));
        try
        {
            foreach (TensorProto weight in model.Graph.Initializer)
            {
                NativeDtype type = NativeTensors.DtypeOf(weight.DataType);
                if (weight.RawData.Length < LeastExternal || type == NativeDtype.Other) continue;
                MemoryHandle data = weight.RawData.Memory.Pin();
                pinned.Add(data);
                long[] dims = [.. weight.Dims];
                NativeError.Check(NativeMethods.WeightsAdd(
                    weights, weight.Name, type, dims, (uint)dims.Length, data.Pointer, (ulong)weight.RawData.Length));
                weight.ClearRawData();
                weight.DataLocation = 1;
                weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights" });
            }
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    static byte[] Serialised(ModelProto model)
    {
        try
        {
            return model.ToByteArray();
        }
        catch (Exception e) when (e is OverflowException or OutOfMemoryException)
        {
            throw new InvalidDataException("the model has more than 2 GB of weights in nodes or of types that cannot be shared", e);
        }
    }

    static EngineHandle Load(ContextHandle context, ReadOnlySpan<byte> onnx, WeightsHandle weights)
    {
        fixed (byte* model = onnx)
        {
            var desc = new EngineDescNative { Optimization = NativeOptimization.None, Model = model, ModelBytes = (ulong)onnx.Length };
            NativeError.Check(NativeMethods.EngineCreate(out EngineHandle engine, context, weights, desc));
            return engine;
        }
    }

    static ProbeResult Run(EngineHandle engine, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep)
    {
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, engine));
        if (info.Inputs > 1) throw new InvalidDataException($"the engine sees {info.Inputs} inputs, one is supported");
        Dictionary<string, TensorInfo>? first = null;
        var runs = new List<IReadOnlyDictionary<string, ProbedTensor>>();
        // A model with indices as input fails on most numbers, but not on zeros.
        for (int i = 0; i <= inputs.Count && (i < inputs.Count || first is null); i++)
        {
            OutputsHandle outputs;
            fixed (float* numbers = i < inputs.Count ? inputs[i] : [])
            {
                void* data = numbers;
                ulong bytes = i < inputs.Count ? (ulong)inputs[i].Length * sizeof(float) : 0;
                NativeStatus status = NativeMethods.OutputsCreate(out outputs, engine, &data, [bytes], info.Inputs);
                if (i < inputs.Count && status == NativeStatus.RunFailed) continue;
                NativeError.Check(status);
            }
            using (outputs)
            {
                var tensors = new Dictionary<string, TensorInfo>();
                var values = new Dictionary<string, ProbedTensor>();
                for (uint o = 0; o < info.Outputs; o++)
                {
                    var output = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref output, out void* data, outputs, o));
                    string name = NativeTensors.Name(in output);
                    var tensor = new TensorInfo(NativeTensors.ElementTypeOf(output.Dtype), NativeTensors.Dims(in output));
                    tensors.Add(name, tensor);
                    if (keep.Contains(name) && (data is not null || output.Bytes == 0))
                        values.Add(name, new ProbedTensor(tensor, new ReadOnlySpan<byte>(data, checked((int)output.Bytes)).ToArray()));
                }
                first ??= tensors;
                runs.Add(values);
            }
        }
        return new ProbeResult(first!, runs);
    }
}
