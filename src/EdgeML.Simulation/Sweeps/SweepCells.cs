using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Makes cells over one network.</summary>
/// <param name="profiles">The network by device.</param>
/// <param name="samples">Its exits' outputs.</param>
sealed class SweepCells(Func<string, ReplayProfile> profiles, ExitCalibration samples)
{
    /// <summary>The paper gives no round-trip time; this is the shorter one of the traces.</summary>
    public const double ShortRttMs = 12, LongRttMs = 44;

    const double ComputeJitter = 0.05, Mismatch = 0.15;

    readonly Dictionary<string, ReplayProfile> _networks =
        SweepSetting.All.Select(setting => setting.Device).Distinct().ToDictionary(device => device, profiles);

    readonly Dictionary<string, string> _keys = [];

    /// <summary>One cell.</summary>
    /// <param name="part">Its part; only acceptance has model error.</param>
    /// <param name="link">The link's name.</param>
    /// <param name="spec">The link.</param>
    /// <param name="tasks">Tasks of a run.</param>
    /// <param name="setting">Device and bounds.</param>
    /// <param name="rows">Controllers.</param>
    /// <param name="shift">How inputs change.</param>
    /// <param name="rttMs">Round-trip time.</param>
    /// <param name="raw">Whether the input may be sent.</param>
    public SweepCell Make(SweepPart part, string link, string spec, int tasks, SweepSetting setting, IReadOnlyList<string> rows,
        InputShift? shift = null, double rttMs = ShortRttMs, bool raw = false) =>
        new(part, link, rttMs, raw, setting, Scenario(part, spec, tasks, setting, shift ?? InputShift.None, rttMs, raw), rows)
        {
            LinkKey = KeyOf(spec),
        };

    ReplayScenario Scenario(
        SweepPart part, string spec, int tasks, SweepSetting setting, InputShift shift, double rttMs, bool raw) =>
        new(_networks[setting.Device], samples)
        {
            Link = LinkCourse.Parse(spec, rttMs),
            Bounds = new Requirements(setting.LatencyMs, setting.Ghz),
            Tasks = tasks,
            Power = new FrequencyProxy(FrequencyProxy.DefaultIdleGhz, FrequencyProxy.MaxGhzOf(setting.Device), setting.LatencyMs),
            RawInput = raw,
            ComputeJitter = ComputeJitter,
            Mismatch = part == SweepPart.Acceptance ? Mismatch : 0,
            Shift = shift,
        };

    /// <summary>The levels, or for a trace the contents of the file: its name may stay while it changes.</summary>
    string KeyOf(string spec)
    {
        if (!File.Exists(spec)) return spec;
        if (!_keys.TryGetValue(spec, out string? key))
            _keys[spec] = key = ContentHash.Of(File.ReadAllBytes(spec));
        return key;
    }
}
