using System.CommandLine;
using System.Diagnostics;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml build</c>: makes a package's engines before they are needed.</summary>
sealed class BuildCommand : CliCommand
{
    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string?> _json = SharedOptions.Json();
    readonly BackendSelection _backend = new();

    public BuildCommand()
        : base("build", "Make a package's engines before they are needed: TensorRT takes minutes for them.",
            "edgeml build --model engines/shapes-vgg --backend tensorrt")
    {
        AddOptions(_model, _json);
        _backend.AddTo(this);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        using var line = new BuildLine();
        BackendOptions options = _backend.Options(parsed) with { Progress = line.Report, Cancellation = cancellation };
        using BranchedModel model = BranchedModel.Load(parsed.GetRequiredValue(_model), options);
        line.Dispose();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        bool keeps = options.Kind == BackendKind.TensorRt;
        string ranges = string.Join(", ",
            model.EngineUnits.Select(range => range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}"));
        Terminal.Line(
            $"{model.Manifest.Name}: {line.Engines} engines for {model.BackendVersion} in {seconds:0.0} s, units {ranges} and "
            + $"{model.Manifest.SideExits} heads");
        Terminal.Line(
            keeps
                ? $"{line.Built} built, {line.Engines - line.Built} were there: {options.EngineFolder}"
                : "nothing to keep: they are made at every start");
        if (parsed.GetValue(_json) is { } json)
        {
            var report = new BuildJson(
                model.Manifest.Name, model.BackendVersion, line.Engines, keeps ? line.Built : line.Engines, Math.Round(seconds, 3),
                keeps ? options.EngineFolder : null);
            JsonFile.Write(json, report, CommandJson.Default.BuildJson);
        }
        return Task.FromResult(0);
    }
}
