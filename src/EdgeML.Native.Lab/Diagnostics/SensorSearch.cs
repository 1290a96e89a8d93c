using System.Runtime.InteropServices;

namespace EdgeML.Native.Lab.Diagnostics;

/// <summary>Looks for power sensors without opening any: which are there, and where was looked.</summary>
static class SensorSearch
{
    public static IEnumerable<Finding> Find(string root = "/")
    {
        yield return Nvml();
        yield return Ina3221(root);
        yield return Rapl(root);
    }

    static Finding Nvml()
    {
        string name = OperatingSystem.IsWindows() ? "nvml.dll" : "libnvidia-ml.so.1";
        bool found = NativeLibrary.TryLoad(name, out nint library);
        if (found) NativeLibrary.Free(library);
        return Sensor("NVML", found, found ? "NVIDIA's library is installed" : "NVIDIA's library is not installed",
            $"{name} on the loader's path");
    }

    static Finding Ina3221(string root)
    {
        string folder = Path.Combine(root, "sys/class/hwmon");
        string[] monitors = [.. Folders(folder).Where(monitor => ReadLine(Path.Combine(monitor, "name")) == "ina3221")];
        return Sensor("INA3221", monitors.Length > 0,
            monitors.Length > 0 ? string.Join(", ", monitors) : "no power monitor of a Jetson board", $"{folder}/*/name");
    }

    static Finding Rapl(string root)
    {
        string file = Path.Combine(root, "sys/class/powercap/intel-rapl:0/energy_uj");
        if (!File.Exists(file)) return Sensor("RAPL", false, "no energy counter of the processor", file);
        bool readable = ReadLine(file) is not null;
        return Sensor("RAPL", readable, readable ? "energy counter of the processor" : "there, but this user may not read it", file);
    }

    static Finding Sensor(string name, bool present, string value, string looked) => new("sensors", name, present, value, [looked]);

    static string[] Folders(string path)
    {
        try
        {
            return Directory.Exists(path) ? Directory.GetDirectories(path) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    static string? ReadLine(string file)
    {
        try
        {
            using var reader = new StreamReader(file);
            return reader.ReadLine();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
