using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Passes the inference library's lines to a logger until it is disposed.</summary>
sealed unsafe partial class NativeLog : IDisposable
{
    readonly ILogger _logger;
    GCHandle _self;

    public NativeLog(ILogger logger)
    {
        _logger = logger;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>For <c>edgeml_context_desc</c>.</summary>
    public static delegate* unmanaged<void*, int, byte*, void> Function => &Told;

    /// <summary>For <c>edgeml_context_desc</c>.</summary>
    public void* User => (void*)GCHandle.ToIntPtr(_self);

    /// <summary>Only after the context is gone.</summary>
    public void Dispose() => _self.Free();

    [UnmanagedCallersOnly]
    static void Told(void* user, int level, byte* text)
    {
        try
        {
            var log = Unsafe.As<NativeLog>(GCHandle.FromIntPtr((nint)user).Target!);
            LogLevel severity = level switch { 0 => LogLevel.Error, 1 => LogLevel.Warning, _ => LogLevel.Information };
            Line(log._logger, severity, Marshal.PtrToStringUTF8((nint)text) ?? "");
        }
#pragma warning disable CA1031 // a logger that fails must not end the process: this is a thread of the inference library
        catch
#pragma warning restore CA1031
        {
            return;
        }
    }

    [LoggerMessage(EventId = 1, EventName = "InferenceLibrary", Message = "{Line}")]
    static partial void Line(ILogger logger, LogLevel level, string line);
}
