using System.CommandLine;
using System.Diagnostics;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Simulating;
using EdgeML.Native.Lab.Experiments;
using EdgeML.Native.Lab.Reports;
using EdgeML.Native.Lab.Simulation.Replay;
using EdgeML.Native.Models;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml matrix</c>: the acceptance of the default controller against its rivals and the oracle.</summary>
sealed class MatrixCommand : CliCommand
{
    const int DefaultSeeds = 5, QuickSeeds = 2;

    readonly Option<string> _profile = Required("--profile", "P.csv", "Unit and head times, with edge devices tx2 and nano.");
    readonly Option<string> _exits = Required("--exits", "E.csv", "What every exit said of recorded samples, from edgeml record.");
    readonly Option<string> _traces = Required("--traces", "FOLDER", "Every .csv in it is a trace of seconds,mbps.");
    readonly Option<string> _out = Required("--out", "FILE.md", "The page to write.");
    readonly Option<bool> _quick = new("--quick") { Description = "S2, S3 and two traces, 2 seeds." };
    readonly Option<int?> _seeds = SharedOptions.Count("--seeds", "Seeds a row; 5 unless given, 2 with --quick.");
    readonly Option<double?> _minutes = SharedOptions.Positive(
        "--minutes", "M", "Start no run later than this; the page says what part it is of.");
    readonly Option<string?> _json = SharedOptions.Json();

    public MatrixCommand()
        : base("matrix", "Run controllers over links, bounds and seeds in the replay simulator; write a page of verdicts.",
            "edgeml matrix --profile vgg16.csv --exits exits.csv --traces traces --out control.md --quick",
            "edgeml matrix --profile vgg16.csv --exits exits.csv --traces traces --out control.md --seeds 5 --json control.json") =>
        AddOptions(_profile, _exits, _traces, _out, _quick, _seeds, _minutes, _json);

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        bool quick = parsed.GetValue(_quick);
        int seeds = parsed.GetValue(_seeds) ?? (quick ? QuickSeeds : DefaultSeeds);
        string profile = parsed.GetRequiredValue(_profile), exits = parsed.GetRequiredValue(_exits), page = parsed.GetRequiredValue(_out);
        ExitCalibration samples = ExitsFile.Load(exits);
        IReadOnlyList<MatrixCell> cells = MatrixPlan.Cells(
            device => ProfileFile.Load(profile, device), samples, TracesIn(parsed.GetRequiredValue(_traces)), quick);
        var matrix = new ControlMatrix(cells, seeds);
        TimeSpan limit = parsed.GetValue(_minutes) is { } minutes ? TimeSpan.FromMinutes(minutes) : TimeSpan.MaxValue;
        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<MatrixCellResult> results;
        using (var progress = new ProgressLine("runs", matrix.Runs))
            results = matrix.Run(Environment.ProcessorCount, limit, progress.Report, cancellation);
        if (results.Count == 0)
            throw new ArgumentException($"no cell of {cells.Count} came to its end in --minutes {limit.TotalMinutes:0.##}");
        var report = new MatrixReport
        {
            Results = results,
            CommandLine = CommandText.Of(parsed),
            Machine = CommandText.Machine,
            Elapsed = Stopwatch.GetElapsedTime(started),
            Seeds = seeds,
            Done = matrix.Done,
            Runs = matrix.Runs,
            Cells = cells.Count,
            Quick = quick,
        };
        AtomicFile.WriteText(page, writer => MatrixPage.Write(writer, report));
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, writer => MatrixJson.Write(writer, report));
        foreach (MatrixVerdict verdict in MatrixVerdicts.Judge(results).Concat(MatrixDirections.Judge(results)))
        {
            string word = verdict.Asked == 0 ? "not asked" : verdict.Holds ? "holds" : "FAILS";
            Console.WriteLine($"{word,-10}{verdict.Held,4} of {verdict.Asked,-4}  {verdict.Demand}");
        }
        return Task.FromResult(0);
    }

    static string[] TracesIn(string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"folder {folder} of --traces does not exist");
        string[] files = Directory.GetFiles(folder, "*.csv");
        if (files.Length == 0) throw new ArgumentException($"folder {folder} of --traces holds no .csv");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    static Option<string> Required(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Required = true };
}
