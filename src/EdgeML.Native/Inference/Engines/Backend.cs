using System.Text;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Inference.Engines;

/// <summary>The loaded inference library and its thread pool. Any thread.</summary>
sealed unsafe class Backend : IDisposable
{
    readonly ContextHandle _handle;
    readonly NativeLog? _log;

    public Backend(BackendOptions options)
    {
        options.Check();
        NativeLibraryLoader.EnsureLoaded();
        Kind = options.Kind;
        _log = options.Logger is { } logger ? new NativeLog(logger) : null;
        try
        {
            fixed (byte* path = Terminated(options.LibraryPath))
            fixed (byte* cache = Terminated(options.EngineFolder))
            fixed (uint* cores = options.Cores.Select(core => (uint)core).ToArray())
            {
                var desc = new ContextDescNative
                {
                    Threads = (uint)options.Threads,
                    Flags = (options.AllowSpinning ? ContextDescNative.AllowSpinning : 0) | (options.HasOwnThreads ? ContextDescNative.OwnThreads : 0),
                    Backend = options.Kind switch
                    {
                        BackendKind.TensorRt => NativeBackend.TensorRt,
                        BackendKind.OnnxRuntimeCuda => NativeBackend.OnnxRuntimeCuda,
                        BackendKind.OnnxRuntimeTensorRt => NativeBackend.OnnxRuntimeTensorRt,
                        _ => NativeBackend.OnnxRuntime,
                    },
                    LibraryPath = path,
                    CachePath = cache,
                    Log = _log is null ? null : NativeLog.Function,
                    LogUser = _log is null ? null : _log.User,
                    Device = (uint)options.Device,
                    Route = (NativeRoute)options.Route,
                    Cores = cores,
                    CoreCount = (uint)options.Cores.Count,
                    Priority = (uint)options.RealTimePriority,
                };
                NativeError.Check(NativeMethods.ContextCreate(out _handle, desc));
            }
        }
        catch
        {
            _log?.Dispose();
            throw;
        }
        var info = new ContextInfoNative();
        NativeError.Check(NativeMethods.ContextGetInfo(ref info, _handle));
        Name = Text(info.BackendName, 32);
        LibraryVersion = Text(info.LibraryVersion, 32);
        LibraryPath = Text(info.LibraryPath, 512);
        Threads = (int)info.Threads;
        IsGuest = (info.Flags & ContextInfoNative.Guest) != 0;
        HasOwnThreads = (info.Flags & ContextInfoNative.OwnThreads) != 0;
    }

    public BackendKind Kind { get; }

    /// <summary>Whether engines take their weights inside the model instead of sharing the mapped ones.</summary>
    public bool WeightsInside => Kind != BackendKind.OnnxRuntime;

    public string Name { get; }

    public string LibraryVersion { get; }

    public string LibraryPath { get; }

    /// <summary>Threads really in use; of backends without own threads, the first of a process decides.</summary>
    public int Threads { get; }

    /// <summary>Whether every engine has its own threads.</summary>
    public bool HasOwnThreads { get; }

    /// <summary>Whether other code of this process made the library's environment, without threads that all sessions could share.</summary>
    public bool IsGuest { get; }

    /// <summary>Whether exits can be decided inside an engine.</summary>
    public bool HasGates => Name == "onnxruntime";

    internal ContextHandle Handle => _handle;

    /// <summary>Last of all that was made with it: a context that is still held may continue logging.</summary>
    public void Dispose()
    {
        _handle.Dispose();
        _log?.Dispose();
    }

    static byte[]? Terminated(string? text) => text is null ? null : Encoding.UTF8.GetBytes(text + '\0');

    static string Text(byte* bytes, int capacity)
    {
        var span = new ReadOnlySpan<byte>(bytes, capacity);
        int end = span.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? span : span[..end]);
    }
}
