using System.CommandLine;
using System.Text;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Demo;
using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Reports;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml demo</c>: the controller on show and its baselines on the same tasks, link and tail.</summary>
sealed class DemoCommand : CliCommand
{
    const int QuickTasks = 240;
    const int FullTasks = 1500;
    const string DefaultReport = "edgeml-demo.html";

    readonly Option<bool> _quick = new("--quick") { Description = $"{QuickTasks} tasks instead of {FullTasks}: under two minutes." };
    readonly Option<string?> _model = new("--model") { HelpName = "DIR", Description = "Model package; the shipped model if not given." };
    readonly Option<string?> _data =
        new("--data") { HelpName = "SPEC", Description = "Inputs; shapes that drift from bright to dark if not given." };
    readonly Option<string?> _trace =
        new("--trace") { HelpName = "CSV", Description = "Link with columns seconds,mbps[,rttMs] instead of the demo's own." };
    readonly Option<double?> _rtt = SharedOptions.NotNegative("--rtt-ms", "R", "Round-trip time where the trace does not give it (20).");
    readonly Option<int?> _tasks = new("--tasks")
    {
        HelpName = "N",
        Description = "Number of tasks.",
        CustomParser = result => CommandLine.Parse.Whole(result, DemoScenarioBuilder.MinTasks, 1_000_000)
    };
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly Option<bool> _oneByOne =
        new("--one-by-one") { Description = "Run the baselines one after the other instead of at the same time." };
    readonly Option<string?> _rows = new("--rows")
    {
        HelpName = "NAME,...",
        Description = $"Baselines beside edgeml, up to {DemoRow.MostBaselines} of {string.Join(", ", DemoRow.Baselines)}; the first five if not given, none with edgeml alone.",
    };
    readonly Option<string?> _report = SharedOptions.OutputFile("--report", "F.html", $"Where the report goes ({DefaultReport}).");
    readonly Option<string?> _json = SharedOptions.Json();
    readonly BackendSelection _backend = new();

    public DemoCommand()
        : base("demo",
            "Show the whole: an emulated edge, a shaped link, a tail process, a controller that holds the bounds, and its baselines.",
            "edgeml demo --quick", "edgeml demo --model engines/own --data images:pictures --tasks 100 --rows edgeml",
            "edgeml demo --quick --rows planner,neurosurgeon-live,nsga3,ddpg",
            "edgeml demo --trace drive.csv --rtt-ms 40 --seed 3 --report drive.html")
    {
        AddOptions(_quick, _model, _data, _trace, _rtt, _tasks, _seed, _oneByOne, _rows, _report, _json);
        _backend.AddTo(this);
        Validators.Add(result =>
        {
            if (result.GetResult(_rtt) is not null && result.GetResult(_trace) is null)
                result.AddError("--rtt-ms goes with --trace; the demo's own link has its own");
        });
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        ulong seed = parsed.GetValue(_seed) ?? 1;
        var options = new DemoOptions
        {
            Model = parsed.GetValue(_model),
            Data = DataSpec.Parse(parsed.GetValue(_data) ?? $"shapes:seed={seed},difficulty=drift"),
            Trace = parsed.GetValue(_trace) is { } trace ? LinkTrace.Load(trace) : null,
            RttMs = parsed.GetValue(_rtt) ?? 20,
            Tasks = parsed.GetValue(_tasks) ?? (parsed.GetValue(_quick) ? QuickTasks : FullTasks),
            Seed = seed,
            OneByOne = parsed.GetValue(_oneByOne),
            Backend = _backend.Options(parsed) with { Cancellation = cancellation },
            BackendArguments = _backend.Arguments(parsed),
            Baselines = parsed.GetValue(_rows) is { } rows ? DemoRow.ParseBaselines(rows) : DemoRow.UsualBaselines,
        };
        IDemoView view = Terminal.IsInteractive ? new LiveView(Terminal.Out) : new PlainView();
        DemoOutcome outcome = await new DemoRun(options, view, CommandLineOf(parsed)).RunAsync(cancellation).ConfigureAwait(false);
        DemoSummary.Show(outcome);
        string report = Path.GetFullPath(parsed.GetValue(_report) ?? DefaultReport);
        byte[] html = Encoding.UTF8.GetBytes(DemoReport.Html(outcome.Report));
        OutputFile.Write(report, stream => stream.Write(html));
        Terminal.Line($"report: {report}");
        if (parsed.GetValue(_json) is { } json) DemoSummary.WriteJson(json, outcome);
        return 0;
    }

    static string CommandLineOf(ParseResult parsed) =>
        "edgeml " + string.Join(' ', parsed.Tokens.Select(token => token.Value.Contains(' ') ? $"'{token.Value}'" : token.Value));
}
