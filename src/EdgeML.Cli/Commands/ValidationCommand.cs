using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Demo;
using EdgeML.Cli.Simulating;
using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Validation;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml validate-simulator</c>: the replay simulator against the live system.</summary>
sealed class ValidationCommand : CliCommand
{
    const double DefaultMbps = 8, DefaultRttMs = 12, DefaultSlowdown = 30;
    const int DefaultPolicies = 12, DefaultTasks = 60;
    const string DefaultData = "shapes:seed=4711,difficulty=mixed", Kernel = "tbf", User = "user";

    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string?> _data = new("--data") { HelpName = "SPEC", Description = $"The inputs; {DefaultData} unless given." };
    readonly Option<double?> _link = SharedOptions.Positive("--link", "MBPS", $"Rate of the link; {DefaultMbps:0} unless given.");
    readonly Option<double?> _rtt = SharedOptions.NotNegative("--rtt-ms", "R", $"Round-trip time; {DefaultRttMs:0} unless given.");
    readonly Option<int?> _policies = SharedOptions.Count("--policies", $"Fixed policies to compare; {DefaultPolicies} unless given.");
    readonly Option<int?> _tasks = SharedOptions.Count("--tasks", $"Tasks of every policy; {DefaultTasks} unless given.");
    readonly Option<double?> _slowdown = SharedOptions.Positive(
        "--edge-slowdown", "X", $"The edge is emulated X times slower than this machine; {DefaultSlowdown:0} unless given, 1 for none.");
    readonly Option<string?> _shaper = SharedOptions.OneOf(
        "--shaper", "Shaper of the link: tc tbf between two network namespaces (Linux, root), or a relay of this process. "
        + "tbf where it is possible unless given.", Kernel, User);
    readonly Option<string?> _out = SharedOptions.OutputFile("--out", "FILE.md", "Also write the table as a page.");
    readonly TrustSelection _trust = new();
    readonly Option<string?> _json = SharedOptions.Json();

    public ValidationCommand()
        : base("validate-simulator", "Compare the replay simulator with the live system: same policies, same inputs, a tail behind a shaped link.",
            "edgeml validate-simulator --model engines/shapes-vgg --policies 4 --tasks 8 --shaper user",
            "sudo edgeml validate-simulator --model engines/shapes-vgg --link 8 --rtt-ms 12 --policies 12 --out validation.md")
    {
        AddOptions(_model, _data, _link, _rtt, _policies, _tasks, _slowdown, _shaper, _out, _json);
        _trust.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string folder = parsed.GetRequiredValue(_model);
        DataSpec data = DataSpec.Parse(parsed.GetValue(_data) ?? DefaultData);
        double mbps = parsed.GetValue(_link) ?? DefaultMbps;
        using BranchedModel model = BranchedModel.Load(folder, new BackendOptions { TrustedKeys = _trust.Keys(parsed) });
        using ShapedNamespace? shaped = Shape(parsed.GetValue(_shaper), mbps);
        var check = new ValidationCheck(model, data, new ValidationSettings
        {
            Policies = parsed.GetValue(_policies) ?? DefaultPolicies,
            Tasks = parsed.GetValue(_tasks) ?? DefaultTasks,
            EdgeSlowdown = parsed.GetValue(_slowdown) ?? DefaultSlowdown,
            PayloadMbps = shaped is null ? mbps : mbps * ShapedNamespace.PayloadShare,
            RelayMbps = shaped is null ? mbps : null,
            RttMs = parsed.GetValue(_rtt) ?? DefaultRttMs,
        });
        ValidationReport report;
        using (TailProcess tail = await TailProcess.StartAsync(
            folder, cancellation, shaped?.Inside.ToString() ?? "127.0.0.1", shaped?.Launcher, [.. _trust.Arguments(parsed)]).ConfigureAwait(false))
        using (var progress = new ProgressLine("tasks", check.LiveTasks))
            report = check.Run(tail.EndPoint, progress.Report, cancellation);
        Show(report, model.Manifest.LocalCut);
        Terminal.Line(ValidationPage.Verdict(report));
        if (parsed.GetValue(_out) is { } page)
            OutputFile.WriteText(page, writer => ValidationPage.Write(writer, report, model.Manifest, About(parsed, shaped, mbps)));
        if (parsed.GetValue(_json) is { } json)
        {
            var answer = ValidationJson.Of(report, model.Manifest.LocalCut, shaped is null ? User : Kernel);
            JsonFile.Write(json, answer, ValidationJsonContract.Default.ValidationJson);
        }
        return 0;
    }

    static void Show(ValidationReport report, int localCut)
    {
        if (Terminal.Width is null)
        {
            ValidationPage.WriteTable(Console.Out, report, localCut);
            return;
        }
        TextTable table = new TextTable().Left("policy").Right("to tail", "live p50", "live p90", "sim p50", "sim p90", "ratio").Left("");
        foreach (ValidationRow row in report.Rows)
            table.Row(
                row.Policy.Name(localCut), $"{row.Offloaded / (double)row.Live.Count:0 %}", $"{row.LiveMs:0.0}",
                $"{ValidationRow.Quantile(row.Live, 0.9):0.0}", $"{row.SimulatedMs:0.0}", $"{ValidationRow.Quantile(row.Simulated, 0.9):0.0}",
                $"{row.Ratio:0.000}", row.Holds ? "holds" : "DIFFERS");
        table.Show();
    }

    static ShapedNamespace? Shape(string? asked, double mbps)
    {
        if (asked == User) return null;
        try
        {
            return ShapedNamespace.Create(mbps);
        }
        catch (InvalidOperationException reason) when (asked is null)
        {
            Console.Error.WriteLine($"edgeml: no tc tbf here: {reason.Message}; a relay of this process shapes the link");
            return null;
        }
    }

    static ValidationPage.Origin About(ParseResult parsed, ShapedNamespace? shaped, double mbps) => new(
        CommandText.Of(parsed),
        CommandText.Machine,
        shaped is null
            ? FormattableString.Invariant($"a relay of the same process at {mbps:0.###} Mbps of payload")
            : FormattableString.Invariant(
                $"`tc tbf rate {mbps:0.###}mbit burst {ShapedNamespace.BurstBytes(mbps)}` between two network namespaces: ") +
                FormattableString.Invariant($"{mbps * ShapedNamespace.PayloadShare:0.00} Mbps of payload, 1448 of 1514 bytes per frame"));
}
