using System.CommandLine;
using System.Diagnostics;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Simulating;
using EdgeML.Native.Models.Manifest;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Sweeps;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml sweep</c>: the acceptance of the default controller against its baselines and the oracle.</summary>
sealed class SweepCommand : CliCommand
{
    const int DefaultSeeds = 5, QuickSeeds = 2;

    readonly Option<string> _profile = SharedOptions.Required("--profile", "P.csv", "Unit and head times, with edge devices tx2 and nano.");
    readonly Option<string> _exits = SharedOptions.RecordedExits();
    readonly Option<string> _traces = SharedOptions.Required("--traces", "FOLDER", "Every .csv in it is a trace of seconds,mbps.");
    readonly Option<string> _out = SharedOptions.Required(
        "--out", "FILE.md", "The page to write; beside it go FILE.csv with all cells and FILE.journal with finished runs.");
    readonly Option<bool> _quick = new("--quick") { Description = "S2, S3 and two traces, 2 seeds." };
    readonly Option<int?> _seeds = SharedOptions.Count("--seeds", "Seeds per row; 5 unless given, 2 with --quick.");
    readonly Option<int?> _firstSeed = SharedOptions.Count(
        "--first-seed", "The first of them; 1 unless given. Other seeds than those of tuning show whether a result generalises.");
    readonly Option<double?> _minutes = SharedOptions.Positive(
        "--minutes", "M", "Start no run later than this; the page states its share of the plan.");
    readonly Option<string[]> _only = new("--only")
    {
        HelpName = "TEXT",
        Description = "Only cells with this in their name, for instance S3 or 'nano'; may be given several times.",
    };
    readonly Option<string?> _rows = new("--rows")
    {
        HelpName = "NAME,...",
        Description = "Only these controllers. Verdicts need edgeml, oracle and a baseline.",
    };
    readonly Option<bool> _fresh = new("--fresh") { Description = "Run everything again and ignore the journal beside the page." };
    readonly Option<bool> _spotCheck = new("--spot-check")
    {
        Description = "Take runs of earlier builds from the journal where the first seed of a row in a cell still gives the same numbers.",
    };
    readonly Option<string?> _json = SharedOptions.Json();

    public SweepCommand()
        : base("sweep",
            "Run controllers over links, bounds and seeds in the replay simulator; write a page of verdicts and a table of all cells " +
            "beside it. Finished runs are kept in a journal: after an interruption the same command continues.",
            "edgeml sweep --profile vgg16.csv --exits exits.csv --traces traces --out control.md --quick",
            "edgeml sweep --profile vgg16.csv --exits exits.csv --traces traces --out control.md --seeds 5 --json control.json",
            "edgeml sweep --profile vgg16.csv --exits exits.csv --traces traces --out s3.md --only S3 --rows edgeml,planner,oracle") =>
        AddOptions(_profile, _exits, _traces, _out, _quick, _seeds, _firstSeed, _minutes, _only, _rows, _fresh, _spotCheck, _json);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        bool quick = parsed.GetValue(_quick);
        int seeds = parsed.GetValue(_seeds) ?? (quick ? QuickSeeds : DefaultSeeds), firstSeed = parsed.GetValue(_firstSeed) ?? 1;
        string profile = parsed.GetRequiredValue(_profile), exits = parsed.GetRequiredValue(_exits), page = parsed.GetRequiredValue(_out);
        ExitCalibration samples = ExitsFile.Load(exits);
        string table = Beside(page, ".csv");
        string[] only = parsed.GetValue(_only) ?? [], rows = parsed.GetValue(_rows)?.Split(',') ?? [];
        IReadOnlyList<SweepCell> cells = SweepPlan.Filter(
            SweepPlan.Cells(device => ProfileFile.Load(profile, device), samples, TracesIn(parsed.GetRequiredValue(_traces)), quick),
            only, rows);
        using var journal = new SweepJournal(
            Beside(page, ".journal"), SweepJournal.ThisProgram, SweepJournal.HashOf(profile, exits), parsed.GetValue(_fresh));
        var sweep = new ControlSweep(cells, seeds, journal, parsed.GetValue(_spotCheck), firstSeed);
        if (sweep.Kept > 0) Terminal.Line($"{sweep.Kept} of {sweep.Runs} runs are in the journal");
        TimeSpan limit = parsed.GetValue(_minutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : TimeSpan.MaxValue;
        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<SweepCellResult> results;
        int remembered = sweep.Done;
        using (var progress = new ProgressLine("runs", sweep.Runs - remembered))
            results = sweep.Run(Environment.ProcessorCount, limit, done => progress.Report(done - remembered), cancellation);
        if (results.Count == 0)
            throw new ArgumentException($"no row of {cells.Count} cells came to its end in --minutes {limit.TotalMinutes:0.##}");
        var report = new SweepReport
        {
            Results = results,
            CommandLine = CommandText.Of(parsed),
            Machine = CommandText.Machine,
            Elapsed = Stopwatch.GetElapsedTime(started),
            Seeds = seeds,
            FirstSeed = firstSeed,
            Done = sweep.Done,
            Kept = sweep.Kept,
            SpotChecked = sweep.SpotChecked,
            Runs = sweep.Runs,
            Cells = cells.Count,
            Quick = quick,
            Filter = string.Join(" and ",
                only.Select(text => $"--only {text}").Concat(rows.Length > 0 ? [$"--rows {string.Join(',', rows)}"] : [])),
        };
        OutputFile.WriteText(page, writer => SweepPage.Write(writer, report, Path.GetFileName(table)));
        OutputFile.WriteText(table, writer => SweepTable.Write(writer, results));
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, SweepJson.Of(report), SweepJsonContract.Default.SweepJson);
        foreach (SweepVerdict verdict in SweepVerdicts.Judge(results).Concat(SweepDirections.Judge(results)))
        {
            string word = verdict.Asked == 0 ? "not asked" : verdict.Holds ? "holds" : "FAILS";
            Terminal.Line($"{word,-10}{verdict.Held,4} of {verdict.Asked,-4}  {verdict.Demand}");
        }
        if (SweepResidual.Of(results) is { } residual) Terminal.Line($"{residual}");
        return Task.FromResult(0);
    }

    static string Beside(string page, string ending) =>
        Path.GetExtension(page) != ending
            ? Path.ChangeExtension(page, ending)
            : throw new ArgumentException($"--out is '{page}', which is the name of the {ending[1..]} written beside the page");

    static string[] TracesIn(string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"folder {folder} of --traces does not exist");
        string[] files = Directory.GetFiles(folder, "*.csv");
        if (files.Length == 0) throw new ArgumentException($"folder {folder} of --traces holds no .csv");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
