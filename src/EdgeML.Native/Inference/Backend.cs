using System.Text;
using EdgeML.Native.Interop;

namespace EdgeML.Native.Inference;

/// <summary>The loaded inference library and its thread pool. Any thread.</summary>
sealed unsafe class Backend : IDisposable
{
    readonly ContextHandle _handle;

    public Backend(BackendOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        NativeLibraryLoader.EnsureLoaded();
        byte[]? path = options.LibraryPath is { } chosen ? Encoding.UTF8.GetBytes(chosen + '\0') : null;
        fixed (byte* pathPointer = path)
        {
            var desc = new ContextDescNative
            {
                Threads = (uint)options.Threads,
                Flags = options.AllowSpinning ? ContextDescNative.AllowSpinning : 0,
                LibraryPath = pathPointer,
            };
            NativeError.Check(NativeMethods.ContextCreate(out _handle, desc));
        }
        var info = new ContextInfoNative();
        NativeError.Check(NativeMethods.ContextGetInfo(ref info, _handle));
        Name = Text(info.BackendName, 32);
        LibraryVersion = Text(info.LibraryVersion, 32);
        LibraryPath = Text(info.LibraryPath, 512);
        Threads = (int)info.Threads;
    }

    public string Name { get; }

    public string LibraryVersion { get; }

    public string LibraryPath { get; }

    /// <summary>Threads really in use; the first backend of a process decides.</summary>
    public int Threads { get; }

    /// <summary>Whether exits can be decided inside an engine.</summary>
    public bool HasGates => Name == "onnxruntime";

    internal ContextHandle Handle => _handle;

    public void Dispose() => _handle.Dispose();

    static string Text(byte* bytes, int capacity)
    {
        var span = new ReadOnlySpan<byte>(bytes, capacity);
        int end = span.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? span : span[..end]);
    }
}
