using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control;
using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Reports;
using EdgeML.Native.Lab.Simulation.Replay;
using EdgeML.Native.Models;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml profile</c>: unit and head times of a package on this machine, for <c>simulate</c>.</summary>
sealed class ProfileCommand : CliCommand
{
    const int DefaultRuns = 50;

    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string?> _out = SharedOptions.OutputFile(
        "--out", "P.csv", "The file to write: kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_NAME,cloud_ms");
    readonly Option<int?> _runs = SharedOptions.Count("--runs", $"Measured runs, of which medians are taken; {DefaultRuns} unless given.");
    readonly Option<string?> _name = new("--name")
    {
        HelpName = "NAME",
        Description = "Name of this device in the column edge_ms_NAME; local unless given.",
    };
    readonly Option<double?> _slowdown = SharedOptions.Positive(
        "--edge-slowdown", "X", "The edge is taken for X times slower than this machine; 1 unless given.");
    readonly Option<double?> _speed = SharedOptions.Positive(
        "--tail-speed", "X", $"The tail is taken for X times faster than the edge; {CostModel.GuessedTailSpeed:0} unless given.");

    public ProfileCommand()
        : base("profile", "Measure unit and head times of a model on this machine, for edgeml simulate.",
            "edgeml profile --model model --out profile.csv --runs 100",
            "edgeml profile --model model --out profile.csv --name board --edge-slowdown 10 --tail-speed 10")
    {
        _out.Required = true;
        AddOptions(_model, _out, _runs, _name, _slowdown, _speed);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string name = parsed.GetValue(_name) ?? "local";
        ProfileFile.CheckName(name);
        int runs = parsed.GetValue(_runs) ?? DefaultRuns;
        using BranchedModel model = BranchedModel.Load(parsed.GetRequiredValue(_model));
        using var progress = new ProgressLine("runs", runs);
        DeviceProfile measured = DeviceProfiler.Measure(model, name, runs, progress: progress.Report, cancellation: cancellation);
        progress.Clear();
        DeviceProfile edge = measured.Scaled(parsed.GetValue(_slowdown) ?? 1);
        DeviceProfile tail = edge.Scaled(1 / (parsed.GetValue(_speed) ?? CostModel.GuessedTailSpeed));
        string path = parsed.GetRequiredValue(_out)!;
        AtomicFile.WriteText(path, writer => ProfileFile.Write(writer, model.Manifest, edge, tail));
        Console.WriteLine(
            $"{model.Manifest.Name} on {name}: {edge.UnitMs.Count} units {edge.UnitMs.Sum():0.000} ms, " +
            $"{edge.HeadMs.Count} heads {edge.HeadMs.Sum():0.000} ms, " +
            $"tail {tail.UnitMs.Sum():0.000} ms: {path}");
        return Task.FromResult(0);
    }
}
