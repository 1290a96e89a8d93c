using System.CommandLine;
using EdgeML.Cli.CommandLine;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Observing;

/// <summary>Options of a server for those who watch it: pages, export of metrics, log.</summary>
sealed class ObservingOptions
{
    readonly Option<HostPort?> _http = new("--http")
    {
        HelpName = "HOST:PORT",
        Description = "Serve a live page at /, /metrics for Prometheus, /healthz and /readyz there, over plain HTTP; port 0 takes a free one.",
        CustomParser = Parse.Listen,
    };

    readonly Option<bool> _httpInsecure = HttpInsecure();
    readonly Option<Uri?> _otlp = OtlpExport.Option();
    readonly Option<string?> _log = SharedOptions.OneOf("--log", "Lines on standard error: text (the default), or one JSON object each.", LogWords.Formats);
    readonly Option<string?> _level = SharedOptions.OneOf("--log-level", "Least level of lines (warning; info with --log json or --verbose).", LogWords.Levels);

    public static Option<bool> HttpInsecure() =>
        new("--http-insecure") { Description = "Let --http listen on a network: anyone on it can read the pages." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_http, _httpInsecure, _otlp, _log, _level]) command.Options.Add(option);
    }

    /// <exception cref="ArgumentException">OTEL_EXPORTER_OTLP_ENDPOINT is no address.</exception>
    public ObservingSettings Read(ParseResult parsed) => new()
    {
        Http = parsed.GetValue(_http),
        HttpInsecure = parsed.GetValue(_httpInsecure),
        Otlp = parsed.GetValue(_otlp) ?? OtlpExport.FromEnvironment(),
        IsJsonLog = parsed.GetValue(_log) == LogWords.Json,
        LogLevel = parsed.GetValue(_level) is { } level ? LogWords.LevelOf(level) : null,
        IsVerbose = parsed.GetValue(GlobalOptions.Verbose),
    };
}

/// <summary>Words of <c>--log</c> and <c>--log-level</c>, the same as in a configuration.</summary>
/// <remarks>Not taken from there, since that would load the server's assembly for every command.</remarks>
static class LogWords
{
    public const string Json = "json";

    public static string[] Formats { get; } = ["text", Json];

    public static string[] Levels { get; } = ["debug", "info", "warning", "error"];

    public static LogLevel LevelOf(string name) => name switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "error" => LogLevel.Error,
        _ => LogLevel.Warning,
    };
}
