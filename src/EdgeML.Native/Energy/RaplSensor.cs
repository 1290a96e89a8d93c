namespace EdgeML.Native.Energy;

/// <summary>Energy counters of x86 processor packages (<c>powercap</c>), added up over the packages.</summary>
/// <remarks>Counters start over at <c>max_energy_range_uj</c>; one round between two readings is made good, so readings must not be
/// further apart than a minute or so.</remarks>
sealed class RaplSensor : IEnergySensor
{
    readonly Package[] _packages;

    RaplSensor(Package[] packages) => _packages = packages;

    public string Name => EnergySensors.Rapl;

    public string Description => $"energy counter of {string.Join(", ", _packages.Select(package => package.Name))}";

    public bool IsCounter => true;

    public TimeSpan Pause => TimeSpan.FromMilliseconds(10);

    /// <summary>Where counters are looked for.</summary>
    public static string Place(string root) => Path.Combine(root, "sys/class/powercap/intel-rapl:*/energy_uj");

    /// <summary>Opens the packages' counters.</summary>
    /// <param name="root">Of the file system.</param>
    /// <param name="reason">Why there is none; empty for success.</param>
    public static RaplSensor? Open(string root, out string reason)
    {
        var packages = new List<Package>();
        // Of the tree intel-rapl:P only the packages themselves: :P:C are parts of them, and psys counts them once more.
        foreach (string folder in SysfsNumber.Folders(Path.Combine(root, "sys/class/powercap"), "intel-rapl:*"))
        {
            string name = SysfsNumber.ReadLine(Path.Combine(folder, "name")) ?? "";
            bool isPart = Path.GetFileName(folder).Count(letter => letter == ':') != 1;
            if (isPart || !name.StartsWith("package", StringComparison.Ordinal)) continue;
            try
            {
                packages.Add(new Package(
                    name, SysfsNumber.Open(Path.Combine(folder, "energy_uj")),
                    SysfsNumber.ReadOnce(Path.Combine(folder, "max_energy_range_uj")) ?? 0));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                foreach (Package opened in packages) opened.Counter.Dispose();
                reason = error is UnauthorizedAccessException
                    ? $"{name} is there, but this user may not read it; root may"
                    : $"{name} is there, but does not answer: {error.Message}";
                return null;
            }
        }
        reason = packages.Count > 0 ? "" : "no energy counter of the processor";
        return packages.Count > 0 ? new RaplSensor([.. packages]) : null;
    }

    public bool TryRead(out double value)
    {
        value = 0;
        foreach (Package package in _packages)
        {
            if (!package.TryRead()) return false;
            value += package.Joules;
        }
        return true;
    }

    public void Dispose()
    {
        foreach (Package package in _packages) package.Counter.Dispose();
    }

    sealed class Package(string name, SysfsNumber counter, long range)
    {
        long _last = -1;

        public string Name => name;

        public SysfsNumber Counter => counter;

        public double Joules { get; private set; }

        public bool TryRead()
        {
            if (!counter.TryRead(out long micros)) return false;
            if (_last >= 0) Joules += (micros >= _last ? micros - _last : micros + Math.Max(0, range - _last)) / 1e6;
            _last = micros;
            return true;
        }
    }
}
