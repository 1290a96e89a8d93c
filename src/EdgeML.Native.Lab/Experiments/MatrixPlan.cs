using EdgeML.Native.Control;
using EdgeML.Native.Lab.Simulation.Replay;
using EdgeML.Native.Models;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>Which cells there are.</summary>
public static class MatrixPlan
{
    const int SquareTasks = 2500, SeriesTasks = 1000;

    /// <summary>Tasks over a trace, and over the constant link.</summary>
    const int TraceTasks = 1000;

    /// <summary>The paper gives no round-trip time; this is the shorter one of the traces.</summary>
    const double ShortRttMs = 12, LongRttMs = 44;

    const double ComputeJitter = 0.05, Mismatch = 0.15;

    // The first tasks are easy in one and hard in the other: a start that only ever sees easy inputs proves little.
    static readonly InputShift[] s_shifts = [new(InputMix.Easy, InputMix.Hard), new(InputMix.Hard, InputMix.Easy)];

    /// <summary>Rows of every cell.</summary>
    public static IReadOnlyList<string> EverywhereRows { get; } =
        [PolicyControllers.EdgeML, PolicyControllers.Planner, PolicyControllers.Ddpg, ReplayControllers.Oracle];

    /// <summary>Rows of S2, S3 and three traces: all but <c>fixed</c>, which without a policy of its own is edge-only.</summary>
    public static IReadOnlyList<string> AllRows { get; } =
        [.. EverywhereRows, .. PolicyControllers.Names.Except(EverywhereRows).Where(name => name != PolicyControllers.Fixed)];

    /// <summary>The cells, S2 and S3 first; then all traces under one condition after the other, so that a run that ends early has seen
    /// every trace.</summary>
    /// <param name="profiles">The network by device.</param>
    /// <param name="samples">What its exits said.</param>
    /// <param name="traces">Files of <c>seconds,mbps</c>, in order; the first, the middle and the last run all rows.</param>
    /// <param name="quick">Only two traces, all rows on S2 and S3 alone.</param>
    /// <exception cref="ArgumentException">No traces.</exception>
    public static IReadOnlyList<MatrixCell> Cells(
        Func<string, ReplayProfile> profiles, ExitCalibration samples, IReadOnlyList<string> traces, bool quick)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        ArgumentNullException.ThrowIfNull(traces);
        if (traces.Count == 0) throw new ArgumentException("no traces");
        Dictionary<string, ReplayProfile> networks =
            MatrixSetting.All.Select(setting => setting.Device).Distinct().ToDictionary(device => device, profiles);
        string[] full = quick ? [] : [traces[0], traces[traces.Count / 2], traces[^1]];
        IReadOnlyList<string> used = quick && traces.Count > 2 ? [traces[0], traces[traces.Count / 2]] : traces;
        var cells = new List<MatrixCell>();

        void Add(MatrixPart part, string link, string spec, int tasks, double rttMs, bool raw, MatrixSetting setting, bool all,
            InputShift shift) => cells.Add(new MatrixCell(part, link, rttMs, raw, setting,
                new ReplayScenario(networks[setting.Device], samples)
                {
                    Link = LinkCourse.Parse(spec, rttMs),
                    Bounds = new Requirements(setting.LatencyMs, setting.Ghz),
                    Tasks = tasks,
                    Power = new FrequencyProxy(
                    FrequencyProxy.DefaultIdleGhz, FrequencyProxy.MaxGhzOf(setting.Device), setting.LatencyMs),
                    RawInput = raw,
                    ComputeJitter = ComputeJitter,
                    Mismatch = part == MatrixPart.Acceptance ? Mismatch : 0,
                    Shift = shift,
                }, all ? AllRows : EverywhereRows));

        void AddPaperLinks(MatrixPart part, MatrixSetting setting, InputShift shift)
        {
            Add(part, "S2", "paper:s2", SquareTasks, ShortRttMs, raw: false, setting, all: true, shift);
            Add(part, "S3", "paper:s3", SeriesTasks, ShortRttMs, raw: false, setting, all: true, shift);
        }

        foreach (MatrixSetting setting in MatrixSetting.All)
        {
            foreach (InputShift shift in s_shifts) AddPaperLinks(MatrixPart.Acceptance, setting, shift);
            Add(MatrixPart.Exact, "constant 10 Mbps", "constant:10", TraceTasks, ShortRttMs, raw: false, setting, all: false,
                InputShift.None);
            // The paper has one bound a device.
            if (setting != MatrixSetting.All[1]) AddPaperLinks(MatrixPart.Paper, setting, InputShift.None);
        }
        foreach (double rttMs in (double[])[ShortRttMs, LongRttMs])
        {
            foreach (bool raw in (bool[])[false, true])
            {
                foreach (MatrixSetting setting in MatrixSetting.All)
                {
                    foreach ((InputShift shift, string trace) in s_shifts.SelectMany(shift => used.Select(trace => (shift, trace))))
                    {
                        string name = Path.GetFileNameWithoutExtension(trace);
                        Add(MatrixPart.Acceptance, name, trace, TraceTasks, rttMs, raw, setting, full.Contains(trace), shift);
                    }
                }
            }
        }
        return cells;
    }
}
