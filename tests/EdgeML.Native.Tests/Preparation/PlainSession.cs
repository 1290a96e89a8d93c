using System.Runtime.InteropServices;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>The reference: a model file run whole in one session, without optimisation, that knows nothing of packages.</summary>
sealed unsafe class PlainSession : IDisposable
{
    readonly ContextHandle _context;
    readonly EngineHandle _engine;
    readonly EngineInfoNative _info = new();

    internal PlainSession(byte[] onnx)
    {
        NativeLibraryLoader.EnsureLoaded();
        NativeError.Check(NativeMethods.ContextCreate(out _context, new ContextDescNative()));
        fixed (byte* first = onnx)
        {
            using var none = new WeightsHandle();
            var desc = new EngineDescNative { Optimization = NativeOptimization.None, Model = first, ModelBytes = (ulong)onnx.Length };
            NativeError.Check(NativeMethods.EngineCreate(out _engine, _context, none, desc));
        }
        NativeError.Check(NativeMethods.EngineGetInfo(ref _info, _engine));
    }

    /// <summary>The outputs, floats as float[] and integers as long[].</summary>
    internal Dictionary<string, Array> Run(TensorRow inputs)
    {
        void** data = stackalloc void*[(int)_info.Inputs];
        var bytes = new ulong[_info.Inputs];
        var pins = new GCHandle[_info.Inputs];
        try
        {
            for (uint i = 0; i < _info.Inputs; i++)
            {
                var info = new TensorInfoNative();
                NativeError.Check(NativeMethods.EngineGetInput(ref info, _engine, i));
                Array elements = Elements(inputs, inputs.Find(NativeTensors.Name(in info)), info.Dtype);
                pins[i] = GCHandle.Alloc(elements, GCHandleType.Pinned);
                data[i] = (void*)pins[i].AddrOfPinnedObject();
                bytes[i] = (ulong)Buffer.ByteLength(elements);
            }
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine, data, bytes, _info.Inputs));
            using (outputs)
            {
                var found = new Dictionary<string, Array>();
                for (uint i = 0; i < _info.Outputs; i++)
                {
                    var info = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref info, out void* values, outputs, i));
                    found.Add(NativeTensors.Name(in info), Values(info.Dtype, new ReadOnlySpan<byte>(values, (int)info.Bytes)));
                }
                return found;
            }
        }
        finally
        {
            foreach (GCHandle pin in pins)
                if (pin.IsAllocated) pin.Free();
        }
    }

    /// <summary>Fails where an output is another one than that of the file.</summary>
    internal static void AssertSame(Dictionary<string, Array> expected, TensorRow got, string what)
    {
        Assert.Equal(expected.Keys.Order(), got.Tensors.Select(t => t.Name).Order());
        foreach (NamedTensor tensor in got.Tensors)
        {
            if (expected[tensor.Name] is long[] integers)
            {
                var elements = new long[tensor.Elements];
                got.CopyTo(tensor.Name, elements);
                Assert.True(integers.AsSpan().SequenceEqual(elements), $"{what}: {tensor} has other integers");
                continue;
            }
            var floats = (float[])expected[tensor.Name];
            ReadOnlySpan<float> own = got[tensor.Name];
            Assert.Equal(floats.Length, own.Length);
            for (int i = 0; i < floats.Length; i++)
                Assert.True(
                    Math.Abs(floats[i] - own[i]) <= 1e-4f * Math.Max(1f, Math.Abs(floats[i])),
                    $"{what}: element {i} of {tensor} is {own[i]}, the file's {floats[i]}");
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        _context.Dispose();
    }

    static Array Elements(TensorRow inputs, NamedTensor input, NativeDtype type)
    {
        if (type == NativeDtype.Float32) return inputs[input.Name].ToArray();
        var values = new long[input.Elements];
        inputs.CopyTo(input.Name, values);
        return type == NativeDtype.UInt8 ? Array.ConvertAll(values, x => (byte)x) : values;
    }

    static Array Values(NativeDtype type, ReadOnlySpan<byte> bytes) => type switch
    {
        NativeDtype.Float32 => MemoryMarshal.Cast<byte, float>(bytes).ToArray(),
        NativeDtype.Int64 => MemoryMarshal.Cast<byte, long>(bytes).ToArray(),
        NativeDtype.Int32 => Array.ConvertAll(MemoryMarshal.Cast<byte, int>(bytes).ToArray(), x => (long)x),
        NativeDtype.UInt32 => Array.ConvertAll(MemoryMarshal.Cast<byte, uint>(bytes).ToArray(), x => (long)x),
        NativeDtype.Int16 => Array.ConvertAll(MemoryMarshal.Cast<byte, short>(bytes).ToArray(), x => (long)x),
        _ => Array.ConvertAll(bytes.ToArray(), x => (long)x),
    };
}
