using System.Globalization;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Which cores <c>--cores</c> may name, and which priorities <c>--realtime</c>. Rows on Linux alone.</summary>
static class SchedulingSearch
{
    const int SysNice = 23; // the bit of CAP_SYS_NICE

    public static IEnumerable<Finding> Find(string root = "/proc")
    {
        string status = Path.Combine(root, "self/status"), limits = Path.Combine(root, "self/limits");
        string[] lines = Lines(status);
        if (Value(lines, "Cpus_allowed_list:") is not { Length: > 0 } cores) yield break;
        yield return new Finding("machine", "cores", true, $"{cores}, for --cores", [status]);
        string limit = Value(Lines(limits), "Max realtime priority").Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("unknown");
        bool isPrivileged = ulong.TryParse(Value(lines, "CapEff:"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong rights)
            && (rights >> SysNice & 1) != 0;
        string rest = Share(root) is { } share ? $"; the kernel leaves {share} to other work" : "";
        yield return isPrivileged
            ? new Finding("machine", "real-time", true, $"--realtime 1..99 by CAP_SYS_NICE{rest}", [limits])
            : new Finding("machine", "real-time", limit != "0", limit == "0"
                ? "no --realtime: RLIMIT_RTPRIO is 0 (ulimit -r), and there is no CAP_SYS_NICE" : $"--realtime up to RLIMIT_RTPRIO, which is {limit}{rest}", [limits]);
    }

    /// <summary>The kernel stops real-time threads for this share of every period.</summary>
    static string? Share(string root)
    {
        if (!long.TryParse(Lines(Path.Combine(root, "sys/kernel/sched_rt_runtime_us")).FirstOrDefault(), out long runtime)
            || !long.TryParse(Lines(Path.Combine(root, "sys/kernel/sched_rt_period_us")).FirstOrDefault(), out long period) || period <= 0) return null;
        return runtime < 0 ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * (period - runtime) / period:0.#} % of a core (sched_rt_runtime_us)");
    }

    static string Value(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..].Trim() ?? "";

    static string[] Lines(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
