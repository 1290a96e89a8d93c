using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models;

/// <summary>Tensors made at run time that many engines share beside the package's mapped weights, each content once. One thread at a time.</summary>
/// <remarks>They live until the native weights object does, which every engine made with it holds.</remarks>
sealed unsafe class TensorStore
{
    const nuint Alignment = 64;

    readonly Dictionary<string, nint> _blocks = [];
    long _bytes;

    /// <summary>Bytes held. Any thread.</summary>
    internal long Bytes => Interlocked.Read(ref _bytes);

    internal bool Holds(string name) => _blocks.ContainsKey(name);

    /// <summary>Copies a tensor with inline data and adds it to the weights under its name; not while an engine is made with them.</summary>
    internal void Keep(WeightsHandle weights, TensorProto tensor)
    {
        if (Holds(tensor.Name)) return;
        ReadOnlySpan<byte> data = tensor.RawData.Span;
        void* block = NativeMemory.AlignedAlloc((nuint)data.Length, Alignment);
        data.CopyTo(new Span<byte>(block, data.Length));
        _blocks.Add(tensor.Name, (nint)block);
        Interlocked.Add(ref _bytes, data.Length);
        long[] dims = [.. tensor.Dims];
        NativeError.Check(NativeMethods.WeightsAdd(
            weights, tensor.Name, NativeTensors.DtypeOf(tensor.DataType), dims, (uint)dims.Length, block, (ulong)data.Length));
    }

    /// <summary>Once nothing reads the tensors any more.</summary>
    internal void Free()
    {
        foreach (nint block in _blocks.Values) NativeMemory.AlignedFree((void*)block);
        _blocks.Clear();
    }
}
