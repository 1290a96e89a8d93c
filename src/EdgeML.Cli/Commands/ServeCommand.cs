using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Serving;
using EdgeML.Server.Configuration;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml serve</c>: serves the models of a configuration until a signal stops it.</summary>
sealed class ServeCommand : CliCommand
{
    readonly ServeOptions _options = new();
    readonly Option<bool> _check = new("--check") { Description = "Check everything and show the configuration in force, with the origin of every value; serve nothing." };
    readonly Option<string?> _json = SharedOptions.OutputFile(
        "--json", "FILE|-", "Write the configuration in force as one JSON object, which is a configuration file itself; - is standard output.",
        standardOutput: true);

    public ServeCommand()
        : base(
            "serve", "Serve several models by a configuration file. SIGHUP takes up changes; SIGINT or SIGTERM stops it after answering running requests.",
            "edgeml serve --model shapes-vgg=engines/shapes-vgg --check", "edgeml serve --config serve.json")
    {
        _options.AddTo(this);
        AddOptions(_check, _json);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        ServeSettings settings = _options.Load(parsed);
        if (settings.Problems.Count > 0)
        {
            foreach (ConfigurationProblem problem in settings.Problems) await Console.Error.WriteLineAsync($"edgeml: {problem}").ConfigureAwait(false);
            return ErrorReport.BadInput;
        }
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, settings.Configuration, ServeJson.Default.ServeConfiguration);
        if (!parsed.GetValue(_check)) throw new NotSupportedException("edgeml serve can only --check so far; edgeml tail serves one model");
        foreach ((string key, string value, string source) in settings.Values()) Terminal.Line($"{key} = {value}  ({source})");
        return 0;
    }
}
