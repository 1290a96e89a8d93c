using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Follows the builds of a model's engines: passes progress on and asks for the end when it is cancelled.</summary>
sealed unsafe class BuildWatch : IDisposable
{
    readonly Action<BuildProgress>? _progress;
    readonly CancellationToken _cancellation;
    readonly int _engines;
    GCHandle _self;
    int _engine;

    public BuildWatch(int engines, Action<BuildProgress>? progress, CancellationToken cancellation)
    {
        (_engines, _progress, _cancellation) = (engines, progress, cancellation);
        _self = GCHandle.Alloc(this);
    }

    /// <summary>For <c>edgeml_engine_desc</c>.</summary>
    public static delegate* unmanaged<void*, double, byte*, int> Function => &Told;

    /// <summary>For <c>edgeml_engine_desc</c>.</summary>
    public void* User => (void*)GCHandle.ToIntPtr(_self);

    /// <summary>The next engine begins.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two engines.</exception>
    public void Begin()
    {
        _cancellation.ThrowIfCancellationRequested();
        _engine++;
        _progress?.Invoke(new BuildProgress(_engine, _engines, 0, ""));
    }

    /// <summary>The engine that began last is there.</summary>
    public void End() => _progress?.Invoke(new BuildProgress(_engine, _engines, 1, ""));

    public void Dispose() => _self.Free();

    // On a thread of the inference library; an exception must not leave it.
    [UnmanagedCallersOnly]
    static int Told(void* user, double done, byte* phase)
    {
        try
        {
            var watch = Unsafe.As<BuildWatch>(GCHandle.FromIntPtr((nint)user).Target!);
            watch._progress?.Invoke(new BuildProgress(watch._engine, watch._engines, done, Marshal.PtrToStringUTF8((nint)phase) ?? ""));
            return watch._cancellation.IsCancellationRequested ? 1 : 0;
        }
#pragma warning disable CA1031 // whatever the caller's function threw: the build ends, and the load says that it was cancelled
        catch
#pragma warning restore CA1031
        {
            return 1;
        }
    }
}
