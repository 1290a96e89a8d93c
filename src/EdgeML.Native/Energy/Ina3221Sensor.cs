namespace EdgeML.Native.Energy;

/// <summary>Power monitor of Jetson boards: the rail that feeds the module, or the sum of the rails where no single one does.</summary>
/// <remarks>JetPack 5 and later show voltage and current of each rail (<c>hwmon</c>), JetPack 4 power (<c>iio</c>). The carrier board is in
/// none of them.</remarks>
sealed class Ina3221Sensor : IEnergySensor
{
    const int Channels = 3;

    /// <summary>Rails that feed all others of the module.</summary>
    static readonly string[] s_inputs = ["VDD_IN", "POM_5V_IN"];

    readonly Rail[] _rails;

    Ina3221Sensor(Rail[] rails) => _rails = rails;

    public string Name => EnergySensors.Ina3221;

    public string Description => $"power of {string.Join(" + ", _rails.Select(rail => rail.Name))}";

    public bool IsCounter => false;

    public TimeSpan Pause => TimeSpan.FromMilliseconds(10);

    /// <summary>Where monitors are looked for.</summary>
    public static string[] Places(string root) =>
    [
        Path.Combine(root, "sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon*"),
        Path.Combine(root, "sys/bus/i2c/drivers/ina3221x/*/iio:device*"),
        Path.Combine(root, "sys/class/hwmon/*/name"),
    ];

    /// <summary>Opens the rails.</summary>
    /// <param name="root">Of the file system.</param>
    /// <param name="reason">Why there is none; empty for success.</param>
    public static Ina3221Sensor? Open(string root, out string reason)
    {
        var rails = new List<Rail>();
        try
        {
            foreach (string monitor in Monitors(root)) rails.AddRange(RailsOf(monitor));
        }
        catch (UnauthorizedAccessException)
        {
            foreach (Rail rail in rails) rail.Dispose();
            reason = "there, but this user may not read it; root may";
            return null;
        }
        reason = rails.Count > 0 ? "" : "no power monitor of a Jetson board";
        if (rails.Count == 0) return null;
        Rail? input = rails.FirstOrDefault(rail => s_inputs.Contains(rail.Name));
        if (input is null) return new Ina3221Sensor([.. rails]);
        foreach (Rail rail in rails.Where(rail => rail != input)) rail.Dispose();
        return new Ina3221Sensor([input]);
    }

    public bool TryRead(out double value)
    {
        value = 0;
        foreach (Rail rail in _rails)
        {
            if (!rail.TryRead(out double watts)) return false;
            value += watts;
        }
        return true;
    }

    public void Dispose()
    {
        foreach (Rail rail in _rails) rail.Dispose();
    }

    static List<string> Monitors(string root)
    {
        List<string> found = [];
        string drivers = Path.Combine(root, "sys/bus/i2c/drivers");
        foreach (string chip in SysfsNumber.Folders(Path.Combine(drivers, "ina3221"), "*-00*"))
            found.AddRange(SysfsNumber.Folders(Path.Combine(chip, "hwmon"), "hwmon*"));
        foreach (string chip in SysfsNumber.Folders(Path.Combine(drivers, "ina3221x"), "*-00*"))
            found.AddRange(SysfsNumber.Folders(chip, "iio:device*"));
        if (found.Count > 0) return found;
        found.AddRange(SysfsNumber.Folders(Path.Combine(root, "sys/class/hwmon"))
            .Where(monitor => SysfsNumber.ReadLine(Path.Combine(monitor, "name")) == "ina3221"));
        return found;
    }

    static List<Rail> RailsOf(string monitor)
    {
        bool iio = Path.GetFileName(monitor).StartsWith("iio:", StringComparison.Ordinal);
        List<Rail> rails = [];
        // hwmon counts from 1 and has sums of shunt voltages after the third channel; iio counts from 0.
        for (int channel = iio ? 0 : 1; channel < (iio ? Channels : Channels + 1); channel++)
        {
            string? name = SysfsNumber.ReadLine(Path.Combine(monitor, iio ? $"rail_name_{channel}" : $"in{channel}_label"));
            if (name is null or "" or "NC") continue;
            try
            {
                rails.Add(iio
                    ? new Rail(name, SysfsNumber.Open(Path.Combine(monitor, $"in_power{channel}_input")), null)
                    : new Rail(
                        name, SysfsNumber.Open(Path.Combine(monitor, $"in{channel}_input")),
                        SysfsNumber.Open(Path.Combine(monitor, $"curr{channel}_input"))));
            }
            catch (IOException)
            {
                // A channel that is switched off has files without data.
            }
        }
        return rails;
    }

    /// <summary>Milliwatts, or millivolts and milliamperes.</summary>
    sealed class Rail(string name, SysfsNumber power, SysfsNumber? current) : IDisposable
    {
        public string Name => name;

        public bool TryRead(out double watts)
        {
            watts = 0;
            if (!power.TryRead(out long first)) return false;
            long milliamperes = 0;
            if (current is not null && !current.TryRead(out milliamperes)) return false;
            watts = current is null ? first / 1e3 : first * (double)milliamperes / 1e6;
            return true;
        }

        public void Dispose()
        {
            power.Dispose();
            current?.Dispose();
        }
    }
}
