using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The cells of a sweep.</summary>
static class SweepPlan
{
    const int SquareTasks = 2500, SeriesTasks = 1000;

    /// <summary>Tasks over a trace, and over the constant link.</summary>
    const int TraceTasks = 1000;

    // The first tasks are easy in one and hard in the other: a start that only ever sees easy inputs proves little.
    static readonly InputShift[] s_shifts = [new(InputMix.Easy, InputMix.Hard), new(InputMix.Hard, InputMix.Easy)];

    /// <summary>Rows of every cell.</summary>
    public static IReadOnlyList<string> EverywhereRows { get; } =
        [PolicyControllers.EdgeML, PolicyControllers.Planner, PolicyControllers.Ddpg, ReplayControllers.Oracle];

    /// <summary>Rows of S2, S3 and three traces: all but <c>fixed</c>, which without a policy is edge-only.</summary>
    public static IReadOnlyList<string> AllRows { get; } =
        [.. EverywhereRows, .. BaselineControllers.Names.Except(EverywhereRows).Where(name => name != PolicyControllers.Fixed)];

    /// <summary>The cells, S2 and S3 first; then all traces under one condition after the other, so that a run that ends early has seen
    /// every trace.</summary>
    /// <param name="profiles">The network by device.</param>
    /// <param name="samples">Its exits' outputs.</param>
    /// <param name="traces">Files of <c>seconds,mbps</c>, in order; the first, the middle and the last run all rows.</param>
    /// <param name="quick">Only two traces, all rows on S2 and S3 alone.</param>
    /// <exception cref="ArgumentException">No traces.</exception>
    public static IReadOnlyList<SweepCell> Cells(
        Func<string, ReplayProfile> profiles, ExitCalibration samples, IReadOnlyList<string> traces, bool quick)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        ArgumentNullException.ThrowIfNull(traces);
        if (traces.Count == 0) throw new ArgumentException("no traces");
        var make = new SweepCells(profiles, samples);
        string[] full = quick ? [] : [traces[0], traces[traces.Count / 2], traces[^1]];
        IReadOnlyList<string> used = quick && traces.Count > 2 ? [traces[0], traces[traces.Count / 2]] : traces;
        var cells = new List<SweepCell>();
        foreach (SweepSetting setting in SweepSetting.All)
        {
            foreach (InputShift shift in s_shifts)
            {
                cells.Add(make.Make(SweepPart.Acceptance, "S2", "paper:s2", SquareTasks, setting, AllRows, shift));
                cells.Add(make.Make(SweepPart.Acceptance, "S3", "paper:s3", SeriesTasks, setting, AllRows, shift));
            }
            cells.Add(make.Make(SweepPart.Exact, "constant 10 Mbps", "constant:10", TraceTasks, setting, EverywhereRows));
        }
        cells.AddRange(SweepPaperPlan.Cells(make));
        foreach (double rttMs in (double[])[SweepCells.ShortRttMs, SweepCells.LongRttMs])
        {
            foreach (bool raw in (bool[])[false, true])
            {
                foreach (SweepSetting setting in SweepSetting.All)
                {
                    foreach ((InputShift shift, string trace) in s_shifts.SelectMany(shift => used.Select(trace => (shift, trace))))
                    {
                        string name = Path.GetFileNameWithoutExtension(trace);
                        IReadOnlyList<string> rows = full.Contains(trace) ? AllRows : EverywhereRows;
                        cells.Add(make.Make(SweepPart.Acceptance, name, trace, TraceTasks, setting, rows, shift, rttMs, raw));
                    }
                }
            }
        }
        return cells;
    }

    /// <summary>Some rows of some cells.</summary>
    /// <param name="cells">All of them.</param>
    /// <param name="only">Cells with one of these texts in their names; all where there is none.</param>
    /// <param name="rows">Rows of these names; all where there is none. <see cref="ReplayControllers.EdgeMLPlan"/> is in no cell unless it
    /// is named here; it then runs wherever edgeml does.</param>
    /// <exception cref="ArgumentException">A text or a row that nothing has.</exception>
    public static IReadOnlyList<SweepCell> Filter(IReadOnlyList<SweepCell> cells, IReadOnlyList<string> only, IReadOnlyList<string> rows)
    {
        ArgumentNullException.ThrowIfNull(cells);
        ArgumentNullException.ThrowIfNull(only);
        ArgumentNullException.ThrowIfNull(rows);
        bool Has(SweepCell cell, string text) => cell.Name.Contains(text, StringComparison.OrdinalIgnoreCase);
        foreach (string text in only)
        {
            if (!cells.Any(cell => Has(cell, text))) throw new ArgumentException($"no cell of {cells.Count} has '{text}' in its name");
        }
        string[] names = [.. cells.SelectMany(cell => cell.Rows).Distinct(), ReplayControllers.EdgeMLPlan];
        foreach (string row in rows)
        {
            if (!names.Contains(row)) throw new ArgumentException($"row '{row}' is none of {string.Join(", ", names)}");
        }
        return
        [
            .. cells.Where(cell => only.Count == 0 || only.Any(text => Has(cell, text)))
                .Select(cell => rows.Count == 0 ? cell : cell with { Rows = Chosen(cell, rows) })
                .Where(cell => cell.Rows.Count > 0),
        ];
    }

    static string[] Chosen(SweepCell cell, IReadOnlyList<string> rows)
    {
        bool withPlan = rows.Contains(ReplayControllers.EdgeMLPlan) && cell.Rows.Contains(PolicyControllers.EdgeML);
        IEnumerable<string> chosen = cell.Rows.Where(rows.Contains);
        return [.. withPlan ? chosen.Append(ReplayControllers.EdgeMLPlan) : chosen];
    }
}
