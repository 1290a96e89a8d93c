namespace EdgeML.Native.Energy;

/// <summary>An NVIDIA board: its energy counter, or its power where it has none.</summary>
sealed class NvmlSensor : IEnergySensor
{
    readonly NvmlLibrary _library;
    readonly nint _device;

    NvmlSensor(NvmlLibrary library, nint device, bool isCounter)
    {
        (_library, _device, IsCounter) = (library, device, isCounter);
        string name = $"{library.NameOf(device)} at {library.PciIdOf(device)}";
        Description = (isCounter ? "energy counter of " : "power of ") + name;
        if (library.ClockMhz(device) is > 0 and uint clock) Description += $", {clock} MHz";
    }

    public string Name => EnergySensors.Nvml;

    public string Description { get; }

    public bool IsCounter { get; }

    // One reading takes some milliseconds on some boards, and counters move every 20 to 100 ms.
    public TimeSpan Pause => TimeSpan.FromMilliseconds(20);

    /// <summary>Opens a board.</summary>
    /// <param name="library">File of the library; null for the loader's own search.</param>
    /// <param name="pciBusId">Which board, since the library's order need not be CUDA's; null for the only one.</param>
    /// <param name="reason">Why there is none; empty for success.</param>
    public static NvmlSensor? Open(string? library, string? pciBusId, out string reason)
    {
        NvmlLibrary? loaded = NvmlLibrary.Load(library, out reason);
        if (loaded is null) return null;
        NvmlSensor? sensor = Open(loaded, pciBusId, out reason);
        if (sensor is null) loaded.Dispose();
        return sensor;
    }

    public bool TryRead(out double value)
    {
        if (IsCounter)
        {
            bool counted = _library.Energy(_device, out ulong millijoules) == 0;
            value = millijoules / 1e3;
            return counted;
        }
        bool measured = _library.Power(_device, out uint milliwatts) == 0;
        value = milliwatts / 1e3;
        return measured;
    }

    public void Dispose() => _library.Dispose();

    static NvmlSensor? Open(NvmlLibrary library, string? pciBusId, out string reason)
    {
        uint count = library.DeviceCount();
        if (count != 1 && pciBusId is null)
        {
            reason = count == 0 ? "NVIDIA's library sees no board" : $"{count} boards, and none was chosen by its PCI id";
            return null;
        }
        int status = library.Device(pciBusId, out nint device);
        if (status != 0)
        {
            reason = $"board {pciBusId ?? "0"}: {library.ErrorText(status)}";
            return null;
        }
        reason = "";
        if (library.Energy(device, out _) == 0) return new NvmlSensor(library, device, isCounter: true);
        status = library.Power(device, out _);
        if (status == 0) return new NvmlSensor(library, device, isCounter: false);
        reason = $"{library.NameOf(device)} tells neither energy nor power: {library.ErrorText(status)}";
        return null;
    }
}
