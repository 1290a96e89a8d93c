using System.Globalization;
using System.Text;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Cli.Diagnostics;

/// <summary>The CUDA driver, its first device, and the route that chains take on it.</summary>
static unsafe class CudaSearch
{
    const string Variable = "EDGEML_CUDA_DRIVER";

    static readonly string[] s_routes = ["on the host", "A (the device decides)", "B (a graph per stretch)", "C (plain calls)"];

    public static Finding Find()
    {
        string[] looked =
        [
            Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value ? $"{Variable}={value}" : $"{Variable}, which is not set",
            OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1",
        ];
        try
        {
            NativeLibraryLoader.EnsureLoaded();
            var info = new DeviceInfoNative();
            NativeError.Check(NativeMethods.DeviceProbe(ref info, 0, null));
            return new Finding("backends", "CUDA driver", true, Describe(info), looked);
        }
        catch (Exception error) when (
            error is NativeException or DllNotFoundException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException)
        {
            return new Finding("backends", "CUDA driver", false, error.Message, looked);
        }
    }

    static string Describe(in DeviceInfoNative info)
    {
        fixed (DeviceInfoNative* p = &info)
        {
            string note = Text(p->RouteNote, 512);
            return string.Create(CultureInfo.InvariantCulture,
                $"{p->DriverVersion / 1000}.{p->DriverVersion % 1000 / 10} from {Text(p->DriverPath, 512)}, {Text(p->Name, 128)} ({Text(p->PciBusId, 32)}), capability {p->ComputeMajor}.{p->ComputeMinor}, {p->Bytes / 1048576.0 / 1024.0:0.0} GiB, route {s_routes[p->Route]}{(note.Length > 0 ? "; " + note : "")}");
        }
    }

    static string Text(byte* text, int capacity)
    {
        var bytes = new ReadOnlySpan<byte>(text, capacity);
        return Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }
}
