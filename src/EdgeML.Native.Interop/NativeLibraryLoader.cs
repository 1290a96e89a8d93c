using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop;

/// <summary>Finds libedgeml and checks once that it speaks this assembly's version of the interface.</summary>
static class NativeLibraryLoader
{
    /// <summary>Environment variable with the path of a libedgeml to use instead of the one beside the assembly.</summary>
    internal const string PathVariable = "EDGEML_NATIVE";

    internal const uint AbiMajor = 1;
    internal const uint AbiMinor = 9;

    static readonly Lock s_gate = new();
    static bool s_ready;
    static bool s_registered;

    /// <summary>File of the loaded library, for messages; null when the loader found it by name.</summary>
    internal static string? LoadedPath { get; set; }

    /// <summary>Loads the library. Cheap after the first time; any thread.</summary>
    /// <exception cref="DllNotFoundException">Not found; the message names the places that were tried.</exception>
    /// <exception cref="NotSupportedException">Found, but of another version.</exception>
    internal static void EnsureLoaded()
    {
        if (Volatile.Read(ref s_ready)) return;
        lock (s_gate)
        {
            if (s_ready) return;
            if (!s_registered)
            {
                NativeLibrary.SetDllImportResolver(typeof(NativeMethods).Assembly, Resolve);
                s_registered = true;
            }
            uint version = NativeMethods.AbiVersion();
            if (version >> 16 != AbiMajor || (version & 0xffff) < AbiMinor)
            {
                throw new NotSupportedException(
                    $"{LoadedPath ?? FileName} speaks interface {version >> 16}.{version & 0xffff}, this program needs {AbiMajor}.{AbiMinor}");
            }
            Volatile.Write(ref s_ready, true);
        }
    }

    // Not RuntimeInformation.RuntimeIdentifier, which names the distribution where the runtime was built from source.
    static string Rid =>
        (OperatingSystem.IsWindows() ? "win-" : OperatingSystem.IsMacOS() ? "osx-" : "linux-")
        + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    static string FileName => OperatingSystem.IsWindows() ? "edgeml.dll" : OperatingSystem.IsMacOS() ? "libedgeml.dylib" : "libedgeml.so";

    /// <summary>An explicit path, then the output's <c>runtimes/&lt;rid&gt;/native</c>, then the output itself, as a publish for one
    /// platform has it, then the runtime's own probing. Nothing else.</summary>
    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != NativeMethods.Library) return 0;
        string? chosen = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrEmpty(chosen))
        {
            if (!NativeLibrary.TryLoad(chosen, out nint explicitHandle))
                throw new DllNotFoundException($"cannot load {chosen}, named by {PathVariable}");
            LoadedPath = chosen;
            return explicitHandle;
        }
        string folder = Path.Combine(AppContext.BaseDirectory, "runtimes", Rid, "native");
        foreach (string local in (string[])[Path.Combine(folder, FileName), Path.Combine(AppContext.BaseDirectory, FileName)])
        {
            if (!NativeLibrary.TryLoad(local, out nint found)) continue;
            LoadedPath = local;
            return found;
        }
        if (NativeLibrary.TryLoad(name, assembly, searchPath, out nint handle)) return handle;
        throw new DllNotFoundException(
            $"cannot load {FileName}: tried {folder}, {AppContext.BaseDirectory} and the runtime's search path; {PathVariable} is not set");
    }
}
