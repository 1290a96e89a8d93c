using System.Runtime.InteropServices;
using System.Text;

namespace EdgeML.Native.Energy;

/// <summary>The functions of NVIDIA's management library that are used here, loaded at run time.</summary>
/// <remarks>Handles are pointers of the library's own; results are 0 or an error number. Any thread.</remarks>
sealed unsafe class NvmlLibrary : IDisposable
{
    /// <summary>The loader's name of the library.</summary>
    public static string FileName => OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1";

    /// <summary>The result of a function that the device does not have.</summary>
    public const int NotSupported = 3;

    const int PciInfoBytes = 128;
    const int PciIdOffset = 36;
    const int ClockSm = 1;

    readonly nint _library;
    readonly delegate* unmanaged<int> _shutdown;
    readonly delegate* unmanaged<uint*, int> _count;
    readonly delegate* unmanaged<uint, nint*, int> _byIndex;
    readonly delegate* unmanaged<byte*, nint*, int> _byPciId;
    readonly delegate* unmanaged<nint, byte*, uint, int> _name;
    readonly delegate* unmanaged<nint, byte*, int> _pciInfo;
    readonly delegate* unmanaged<nint, ulong*, int> _energy;
    readonly delegate* unmanaged<nint, uint*, int> _power;
    readonly delegate* unmanaged<nint, int, uint*, int> _clock;
    readonly delegate* unmanaged<int, byte*> _errorText;

    NvmlLibrary(nint library)
    {
        _library = library;
        _errorText = (delegate* unmanaged<int, byte*>)Export("nvmlErrorString");
        _shutdown = (delegate* unmanaged<int>)Export("nvmlShutdown");
        _count = (delegate* unmanaged<uint*, int>)Export("nvmlDeviceGetCount_v2");
        _byIndex = (delegate* unmanaged<uint, nint*, int>)Export("nvmlDeviceGetHandleByIndex_v2");
        _byPciId = (delegate* unmanaged<byte*, nint*, int>)Export("nvmlDeviceGetHandleByPciBusId_v2");
        _name = (delegate* unmanaged<nint, byte*, uint, int>)Export("nvmlDeviceGetName");
        _pciInfo = (delegate* unmanaged<nint, byte*, int>)Export("nvmlDeviceGetPciInfo_v3");
        _energy = (delegate* unmanaged<nint, ulong*, int>)Export("nvmlDeviceGetTotalEnergyConsumption");
        _power = (delegate* unmanaged<nint, uint*, int>)Export("nvmlDeviceGetPowerUsage");
        _clock = (delegate* unmanaged<nint, int, uint*, int>)Export("nvmlDeviceGetClockInfo");
    }

    /// <summary>Loads and initialises the library.</summary>
    /// <param name="file">Null for the loader's own search.</param>
    /// <param name="reason">Why not; empty for success.</param>
    public static NvmlLibrary? Load(string? file, out string reason)
    {
        reason = "NVIDIA's library is not installed";
        if (!NativeLibrary.TryLoad(file ?? FileName, out nint handle)) return null;
        try
        {
            var initialise = (delegate* unmanaged<int>)NativeLibrary.GetExport(handle, "nvmlInit_v2");
            var made = new NvmlLibrary(handle);
            int status = initialise();
            reason = status == 0 ? "" : $"NVIDIA's library is installed, but says: {made.ErrorText(status)}";
            if (status == 0) return made;
        }
        catch (EntryPointNotFoundException error)
        {
            reason = $"NVIDIA's library is too old: {error.Message}";
        }
        NativeLibrary.Free(handle);
        return null;
    }

    public uint DeviceCount()
    {
        uint count;
        return _count(&count) == 0 ? count : 0;
    }

    /// <summary>A device by its place on the PCI bus, or the first one.</summary>
    public int Device(string? pciBusId, out nint device)
    {
        nint found = 0;
        int status;
        if (pciBusId is null)
        {
            status = _byIndex(0, &found);
        }
        else
        {
            fixed (byte* id = Encoding.ASCII.GetBytes(pciBusId + '\0')) status = _byPciId(id, &found);
        }
        device = found;
        return status;
    }

    public string NameOf(nint device)
    {
        byte* text = stackalloc byte[96];
        return _name(device, text, 96) == 0 ? Marshal.PtrToStringUTF8((nint)text)! : "NVIDIA GPU";
    }

    /// <summary>Place on the PCI bus; empty where the library does not report it.</summary>
    public string PciIdOf(nint device)
    {
        byte* info = stackalloc byte[PciInfoBytes];
        return _pciInfo(device, info) == 0 ? Marshal.PtrToStringUTF8((nint)(info + PciIdOffset))! : "";
    }

    /// <summary>Millijoules since the driver was loaded.</summary>
    public int Energy(nint device, out ulong millijoules)
    {
        ulong value = 0;
        int status = _energy(device, &value);
        millijoules = value;
        return status;
    }

    /// <summary>Milliwatts; on most boards a mean over the last second.</summary>
    public int Power(nint device, out uint milliwatts)
    {
        uint value = 0;
        int status = _power(device, &value);
        milliwatts = value;
        return status;
    }

    /// <summary>Megahertz of the multiprocessors; 0 where the library does not report it.</summary>
    public uint ClockMhz(nint device)
    {
        uint value = 0;
        return _clock(device, ClockSm, &value) == 0 ? value : 0;
    }

    public string ErrorText(int status) => Marshal.PtrToStringUTF8((nint)_errorText(status)) ?? $"error {status}";

    public void Dispose()
    {
        _shutdown();
        NativeLibrary.Free(_library);
    }

    nint Export(string name) => NativeLibrary.GetExport(_library, name);
}
