using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
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
        if (Refused(settings.Problems.Select(problem => problem.ToString()))) return ErrorReport.BadInput;
        bool isCheck = parsed.GetValue(_check);
        var checkedPackages = isCheck ? ServeCheck.Run(settings) : ([], []);
        if (Refused(checkedPackages.Faults)) return ErrorReport.BadInput;
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, settings.Configuration, ServeJson.Default.ServeConfiguration);
        if (!isCheck)
        {
            bool verbose = parsed.GetValue(GlobalOptions.Verbose);
            var host = new ServeHost(settings, () => _options.Load(parsed), ObservingSettings.Of(settings.Configuration, verbose), verbose);
            await host.RunAsync(cancellation).ConfigureAwait(false);
            return 0;
        }
        HostPort listen = ServeHost.ListenOf(settings.Configuration);
        ServeHost.CheckEncrypted(settings.Configuration, listen, await listen.ResolveAsync(cancellation).ConfigureAwait(false));
        foreach ((string key, string value, string source) in settings.Values())
            Terminal.Line($"{key} = {value}{(checkedPackages.Identities.TryGetValue(value, out string? identity) ? $", {identity}" : "")}  ({source})");
        return 0;
    }

    /// <summary>Shows everything that is wrong, a line each.</summary>
    static bool Refused(IEnumerable<string> faults)
    {
        bool any = false;
        foreach (string fault in faults)
        {
            any = true;
            Console.Error.WriteLine($"edgeml: {fault}");
        }
        return any;
    }
}
