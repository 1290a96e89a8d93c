using System.Runtime.InteropServices;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop;

/// <summary>
/// The functions of edgeml.h. The manual is the header; call <see cref="NativeLibraryLoader.EnsureLoaded"/> before the first use.
/// Every status goes through <see cref="NativeError.Check"/> on the next line.
/// </summary>
static unsafe partial class NativeMethods
{
    internal const string Library = "edgeml";

    [LibraryImport(Library, EntryPoint = "edgeml_abi_version")]
    internal static partial uint AbiVersion();

    /// <summary>Nanoseconds that the calling thread has computed for; 0 where that is not known.</summary>
    [LibraryImport(Library, EntryPoint = "edgeml_thread_cpu_ns")]
    internal static partial ulong ThreadCpuNs();

    [LibraryImport(Library, EntryPoint = "edgeml_status_name")]
    internal static partial byte* StatusName(NativeStatus status);

    [LibraryImport(Library, EntryPoint = "edgeml_last_error")]
    internal static partial nuint LastError(Span<byte> text, nuint capacity);

    [LibraryImport(Library, EntryPoint = "edgeml_live_objects")]
    internal static partial ulong LiveObjects();

    [LibraryImport(Library, EntryPoint = "edgeml_context_create")]
    internal static partial NativeStatus ContextCreate(out ContextHandle context, in ContextDescNative desc);

    [LibraryImport(Library, EntryPoint = "edgeml_context_get_info")]
    internal static partial NativeStatus ContextGetInfo(ref ContextInfoNative info, ContextHandle context);

    [LibraryImport(Library, EntryPoint = "edgeml_inspect_tensorrt", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nuint InspectTensorrt(Span<byte> text, nuint capacity, string? libraryPath);

    [LibraryImport(Library, EntryPoint = "edgeml_context_destroy")]
    internal static partial void ContextDestroy(nint context);

    /// <summary>Looks at a CUDA device and runs a tiny chain on it.</summary>
    /// <param name="info">Filled.</param>
    /// <param name="device">0 is the first.</param>
    /// <param name="driverPath">The driver's library, UTF-8; null for EDGEML_CUDA_DRIVER, then the loader.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_device_probe")]
    internal static partial NativeStatus DeviceProbe(ref DeviceInfoNative info, int device, byte* driverPath);

    /// <param name="weights">The new set.</param>
    /// <param name="context">Its context.</param>
    /// <param name="released">Called once, on any thread, when nothing reads the data any more; may be null.</param>
    /// <param name="user">Passed to <paramref name="released"/>.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_weights_create")]
    internal static partial NativeStatus WeightsCreate(
        out WeightsHandle weights, ContextHandle context, delegate* unmanaged<void*, void> released, void* user);

    [LibraryImport(Library, EntryPoint = "edgeml_weights_add", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial NativeStatus WeightsAdd(
        WeightsHandle weights, string name, NativeDtype dtype, ReadOnlySpan<long> dims, uint rank, void* data, ulong bytes);

    [LibraryImport(Library, EntryPoint = "edgeml_weights_get_info")]
    internal static partial NativeStatus WeightsGetInfo(ref WeightsInfoNative info, WeightsHandle weights);

    [LibraryImport(Library, EntryPoint = "edgeml_weights_destroy")]
    internal static partial void WeightsDestroy(nint weights);

    /// <param name="engine">The new engine.</param>
    /// <param name="context">Its context.</param>
    /// <param name="weights">Shared tensors; a fresh <c>new WeightsHandle()</c> stands for none.</param>
    /// <param name="desc">Model bytes, borrowed for the call.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_engine_create")]
    internal static partial NativeStatus EngineCreate(
        out EngineHandle engine, ContextHandle context, WeightsHandle weights, in EngineDescNative desc);

    /// <summary>Makes one engine of ranges, decided at gates between them.</summary>
    /// <param name="engine">The new engine.</param>
    /// <param name="context">Its context.</param>
    /// <param name="weights">Shared tensors; gets those that this processor wants in another layout.</param>
    /// <param name="desc">Models, borrowed for the call.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_engine_join")]
    internal static partial NativeStatus EngineJoin(
        out EngineHandle engine, ContextHandle context, WeightsHandle weights, in JoinDescNative desc);

    [LibraryImport(Library, EntryPoint = "edgeml_engine_get_info")]
    internal static partial NativeStatus EngineGetInfo(ref EngineInfoNative info, EngineHandle engine);

    [LibraryImport(Library, EntryPoint = "edgeml_engine_get_input")]
    internal static partial NativeStatus EngineGetInput(ref TensorInfoNative info, EngineHandle engine, uint index);

    [LibraryImport(Library, EntryPoint = "edgeml_engine_get_output")]
    internal static partial NativeStatus EngineGetOutput(ref TensorInfoNative info, EngineHandle engine, uint index);

    [LibraryImport(Library, EntryPoint = "edgeml_engine_destroy")]
    internal static partial void EngineDestroy(nint engine);

    /// <param name="outputs">The outputs of the run.</param>
    /// <param name="engine">The engine to run.</param>
    /// <param name="inputs">One pointer per input; null means zeros.</param>
    /// <param name="inputBytes">One size per input.</param>
    /// <param name="inputCount">Inputs of the engine.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_outputs_create")]
    internal static partial NativeStatus OutputsCreate(
        out OutputsHandle outputs, EngineHandle engine, void** inputs, ReadOnlySpan<ulong> inputBytes, uint inputCount);

    /// <param name="info">Type, shape, name.</param>
    /// <param name="data">Valid until <paramref name="outputs"/> is released.</param>
    /// <param name="outputs">A finished run.</param>
    /// <param name="index">Output.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_outputs_get")]
    internal static partial NativeStatus OutputsGet(ref TensorInfoNative info, out void* data, OutputsHandle outputs, uint index);

    [LibraryImport(Library, EntryPoint = "edgeml_outputs_destroy")]
    internal static partial void OutputsDestroy(nint outputs);

    [LibraryImport(Library, EntryPoint = "edgeml_buffer_create")]
    internal static partial NativeStatus BufferCreate(out BufferHandle buffer, ContextHandle context, ulong bytes, ulong headroom);

    [LibraryImport(Library, EntryPoint = "edgeml_buffer_get_view")]
    internal static partial NativeStatus BufferGetView(ref BufferViewNative view, BufferHandle buffer);

    [LibraryImport(Library, EntryPoint = "edgeml_buffer_destroy")]
    internal static partial void BufferDestroy(nint buffer);

    [LibraryImport(Library, EntryPoint = "edgeml_decide")]
    internal static partial NativeStatus Decide(ref DecisionNative decision, ReadOnlySpan<float> logits, ulong count);

    [LibraryImport(Library, EntryPoint = "edgeml_sha256_blocks")]
    internal static partial NativeStatus Sha256Blocks(Span<uint> state, ReadOnlySpan<byte> data, ulong count);

    [LibraryImport(Library, EntryPoint = "edgeml_chain_create")]
    internal static partial NativeStatus ChainCreate(out ChainHandle chain, ContextHandle context);

    /// <param name="chain">The chain that grows.</param>
    /// <param name="engine">An engine with one input.</param>
    /// <param name="input">Read by the stage.</param>
    /// <param name="boundary">Gets the boundary tensor; a fresh <c>new BufferHandle()</c> stands for none.</param>
    /// <param name="logits">Gets the logits; a fresh <c>new BufferHandle()</c> stands for none.</param>
    /// <param name="stage">Output indices, exit, classes.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_chain_add")]
    internal static partial NativeStatus ChainAdd(
        ChainHandle chain, EngineHandle engine, BufferHandle input, BufferHandle boundary, BufferHandle logits, in StageNative stage);

    [LibraryImport(Library, EntryPoint = "edgeml_chain_set_rule")]
    internal static partial NativeStatus ChainSetRule(ChainHandle chain, in ExitRuleNative rule);

    [LibraryImport(Library, EntryPoint = "edgeml_chain_run")]
    internal static partial NativeStatus ChainRun(ref RunResultNative result, ChainHandle chain, in RunDescNative desc);

    /// <param name="results">One per row; of the first the size is set.</param>
    /// <param name="chain">Its stages run on all rows.</param>
    /// <param name="desc">The rows.</param>
    [LibraryImport(Library, EntryPoint = "edgeml_chain_run_batch")]
    internal static partial NativeStatus ChainRunBatch(RunResultNative* results, ChainHandle chain, in BatchDescNative desc);

    [LibraryImport(Library, EntryPoint = "edgeml_chain_destroy")]
    internal static partial void ChainDestroy(nint chain);
}
