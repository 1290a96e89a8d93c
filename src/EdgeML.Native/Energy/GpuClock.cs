namespace EdgeML.Native.Energy;

/// <summary>Clock of a Jetson's GPU (<c>devfreq</c>): its governor changes latency more than most optimisations, so it
/// belongs beside every measurement.</summary>
sealed class GpuClock : IDisposable
{
    // By suffix: the address before it and the generation differ from board to board.
    static readonly string[] s_suffixes = [".gpu", ".ga10b", ".gv11b", ".gp10b", ".gm20b", "gpu.0"];

    readonly SysfsNumber _hertz;

    GpuClock(string folder, SysfsNumber hertz) => (Folder, _hertz) = (folder, hertz);

    /// <summary>Of the device in <c>devfreq</c>.</summary>
    public string Folder { get; }

    /// <summary>Where clocks are looked for.</summary>
    public static string Place(string root) => Path.Combine(root, "sys/class/devfreq/*/cur_freq");

    /// <summary>Opens the clock.</summary>
    /// <param name="root">Of the file system.</param>
    /// <param name="reason">Why there is none; empty for success.</param>
    public static GpuClock? Open(string root, out string reason)
    {
        string? folder = SysfsNumber.Folders(Path.Combine(root, "sys/class/devfreq"))
            .FirstOrDefault(device => s_suffixes.Any(suffix => device.EndsWith(suffix, StringComparison.Ordinal)));
        reason = folder is null ? "no GPU with its own clock here" : "";
        if (folder is null) return null;
        try
        {
            return new GpuClock(folder, SysfsNumber.Open(Path.Combine(folder, "cur_freq")));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            reason = error is UnauthorizedAccessException ? "there, but this user may not read it; root may" : error.Message;
            return null;
        }
    }

    /// <summary>Megahertz now.</summary>
    public bool TryRead(out double megahertz)
    {
        bool read = _hertz.TryRead(out long hertz);
        megahertz = hertz / 1e6;
        return read;
    }

    /// <summary>Clock, its limit, governor and load, for people.</summary>
    public string Describe(string root)
    {
        TryRead(out double now);
        string text = FormattableString.Invariant($"{Path.GetFileName(Folder)} at {now:0} MHz");
        if (SysfsNumber.ReadOnce(Path.Combine(Folder, "max_freq")) is { } most) text += FormattableString.Invariant($" of {most / 1e6:0}");
        if (SysfsNumber.ReadLine(Path.Combine(Folder, "governor")) is { } governor) text += $", governor {governor}";
        string[] loads = [Path.Combine(Folder, "device/load"), Path.Combine(root, "sys/devices/gpu.0/load"),
            Path.Combine(root, "sys/devices/platform/gpu.0/load")];
        if (loads.Select(SysfsNumber.ReadOnce).FirstOrDefault(load => load is not null) is { } perMille)
            text += FormattableString.Invariant($", load {perMille / 10.0:0} %");
        return text;
    }

    public void Dispose() => _hertz.Dispose();
}
