using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml profile</c>: unit and head times of a package on this machine, for <c>simulate</c>.</summary>
sealed class ProfileCommand : CliCommand
{
    const int DefaultRuns = 40;

    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string?> _out = SharedOptions.OutputFile(
        "--out", "P.csv", "The file to write: kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_NAME,cloud_ms");
    readonly Option<int?> _runs = SharedOptions.Count("--runs",
        $"Measured runs of every plan, of which medians are taken; {DefaultRuns} unless given.");
    readonly Option<string?> _name = new("--name")
    {
        HelpName = "NAME",
        Description = "Name of this device in the column edge_ms_NAME; local unless given.",
    };
    readonly Option<double?> _slowdown = SharedOptions.Positive(
        "--edge-slowdown", "X", "The edge is taken for X times slower than this machine; 1 unless given.");
    readonly Option<double?> _speed = SharedOptions.Positive(
        "--tail-speed", "X", $"The tail is taken for X times faster than the edge; {CostModel.GuessedTailSpeed:0} unless given.");

    readonly Option<bool> _check = new("--check") { Description = "Also measure other plans, and compare them with the profile's prediction." };
    readonly TrustSelection _trust = new();
    readonly Option<bool> _save = new("--save") { Description = "Keep the profile in the package, where run and tail find it." };

    public ProfileCommand()
        : base("profile", "Measure unit and head times of a model on this machine, as fused ranges run them.",
            "edgeml profile --model engines/shapes-vgg --out profile.csv",
            "edgeml profile --model engines/shapes-vgg --check --save",
            "edgeml profile --model engines/shapes-vgg --out profile.csv --name board --edge-slowdown 10 --tail-speed 10")
    {
        AddOptions(_model, _out, _runs, _name, _slowdown, _speed, _check, _save);
        _trust.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string name = parsed.GetValue(_name) ?? "local";
        ProfileFile.CheckName(name);
        int runs = parsed.GetValue(_runs) ?? DefaultRuns;
        using BranchedModel model = BranchedModel.Load(parsed.GetRequiredValue(_model), new BackendOptions { TrustedKeys = _trust.Keys(parsed) });
        bool check = parsed.GetValue(_check);
        DeviceProfile measured;
        IReadOnlyList<PlanTime> plans = [];
        int steps = check ? PlanProfiler.CheckSteps(model.Manifest, runs) : PlanProfiler.MeasureSteps(model.Manifest, runs);
        using (var progress = new ProgressLine("rounds", steps))
        {
            int done = 0;
            void Report() => progress.Report(++done);
            if (check) (measured, plans) = PlanProfiler.MeasureAndCheck(model, name, runs, Report, cancellation);
            else measured = PlanProfiler.Measure(model, name, runs, progress: Report, cancellation: cancellation);
        }
        var note = new SignatureNote(model.Package);
        if (parsed.GetValue(_save)) model.Package.SaveProfile(measured);
        DeviceProfile edge = measured.Scaled(parsed.GetValue(_slowdown) ?? 1);
        DeviceProfile tail = edge.Scaled(1 / (parsed.GetValue(_speed) ?? CostModel.GuessedTailSpeed));
        string? path = parsed.GetValue(_out);
        if (path is not null) OutputFile.WriteText(path, writer => ProfileFile.Write(writer, model.Manifest, edge, tail));
        Terminal.Line(
            $"{model.Manifest.Name} on {name}: {edge.UnitMs.Count} units {edge.UnitMs.Sum():0.000} ms, " +
            $"{edge.HeadMs.Count} heads {edge.HeadMs.Sum():0.000} ms, " +
            $"tail {tail.UnitMs.Sum():0.000} ms{(path is null ? "" : $": {path}")}");
        note.Show();
        if (check) Show(plans);
        return Task.FromResult(0);
    }

    static void Show(IReadOnlyList<PlanTime> plans)
    {
        if (plans.Count == 0)
        {
            Terminal.Line("without side exits, every plan there is was measured itself");
            return;
        }
        Terminal.Line();
        TextTable table = new TextTable().Left("units", "exits tried").Right("predicted ms", "measured ms", "error");
        foreach (PlanTime plan in plans)
            table.Row(
                $"{plan.Start + 1}..{plan.Stop}", string.Join(' ', plan.Exits), $"{plan.PredictedMs:0.000}", $"{plan.MeasuredMs:0.000}",
                $"{100 * plan.Error:+0.0;-0.0} %");
        table.ShowOrMarkdown();
        double[] errors = [.. plans.Select(plan => Math.Abs(plan.Error)).Order()];
        Terminal.Line();
        Terminal.Line($"error: median {100 * Statistics.Quantile(errors, 0.5):0.0} %, largest {100 * errors[^1]:0.0} %, {plans.Count} plans");
    }
}
