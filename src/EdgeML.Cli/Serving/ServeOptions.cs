using System.Collections;
using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
using EdgeML.Native.Inference.Engines;
using EdgeML.Server.Configuration;

namespace EdgeML.Cli.Serving;

/// <summary>The options of <c>edgeml serve</c>: its file, and keys of that file that stand above it.</summary>
/// <remarks>Their values are checked with those of the file, so that everything wrong is found at once.</remarks>
sealed class ServeOptions
{
    readonly Option<string?> _config = new("--config") { HelpName = "FILE", Description = "Configuration, a JSON file; every other option stands above it." };
    readonly Option<string[]> _models = new("--model")
    {
        HelpName = "NAME=DIR",
        Description = "Serve this package by this name; again for more of them, also for versions of one name side by side.",
    };

    readonly (Option<string?> Option, string Key)[] _values =
    [
        (Value("--listen", "HOST:PORT", "Address to serve on; port 0 takes a free one (127.0.0.1:7410)."), "listen"),
        (Value("--threads", "N", "Threads that compute one request (1)."), "threads"),
        (Value("--cores", "LIST", ComputeSelection.CoresText), "cores"),
        (Value("--realtime", "PRIORITY", ComputeSelection.RealTimeText), "realTime"),
        (Value("--compute-threads", "N", "Requests, or batches of them, computed at the same time (1)."), "computeThreads"),
        (Value("--blocking-threads", "N", "Threads that may block for clients that wait for each answer, one client each; 0 for none."), "blockingThreads"),
        (Value("--max-batch", "N", "Most requests that are computed together, where the model is faster so (1; at most 64)."), "maxBatch"),
        (Value("--drain-ms", "MS", "How long a stop waits for requests on the tail (2000)."), "drainMs"),
        (Value("--watch", "SECONDS", "Look at the file and the packages this often and take up what has changed; 0 for at SIGHUP only (0)."), "watchSeconds"),
        (Value("--backend", string.Join('|', BackendNames.All), BackendSelection.Text), "backend"),
        (Value("--tls-cert", "FILE", "Serve TLS 1.3 with this certificate (PEM); read again when it changes."), "tls.certificate"),
        (Value("--tls-key", "FILE", "Its private key (PEM)."), "tls.key"),
        (Value("--tls-ca", "FILE", "Serve only clients with a certificate of these authorities (PEM)."), "tls.clientCa"),
        (Value("--http", "HOST:PORT", "Serve a live page at /, /metrics for Prometheus, /healthz and /readyz there, over plain HTTP."), "http.listen"),
        (Value("--otlp", "URL", "Send metrics to this OpenTelemetry collector, for instance http://127.0.0.1:4318."), "otlp.endpoint"),
        (Value("--log", "text|json", "Lines on standard error: text, or one JSON object each (text)."), "log.format"),
        (Value("--log-level", "debug|info|warning|error", "Least level of lines (warning; info with --log json or --verbose)."), "log.level"),
    ];

    readonly Option<string[]> _trusted = TrustSelection.Option();
    readonly Option<bool> _insecure = SharedOptions.Insecure();
    readonly Option<bool> _httpInsecure = ObservingOptions.HttpInsecure();

    public void AddTo(Command command)
    {
        command.Options.Add(_config);
        command.Options.Add(_models);
        foreach ((Option<string?> option, _) in _values) command.Options.Add(option);
        command.Options.Add(_trusted);
        command.Options.Add(_insecure);
        command.Options.Add(_httpInsecure);
    }

    /// <summary>Reads the file and sets what environment and options give.</summary>
    public ServeSettings Load(ParseResult parsed) =>
        ServeSettings.Load(parsed.GetValue(_config), Environment(), (configuration, trace) => Take(parsed, configuration, trace));

    void Take(ParseResult parsed, ServeConfiguration configuration, ConfigurationTrace trace)
    {
        foreach ((Option<string?> option, string key) in _values)
            if (parsed.GetValue(option) is { } value) ConfigurationOverrides.Set(configuration, key, value, option.Name, trace);
        if (parsed.GetValue(_insecure)) ConfigurationOverrides.Set(configuration, "insecure", "true", _insecure.Name, trace);
        if (parsed.GetValue(_httpInsecure)) ConfigurationOverrides.Set(configuration, "http.insecure", "true", _httpInsecure.Name, trace);
        if (parsed.GetValue(_trusted) is { Length: > 0 } keys)
        {
            configuration.TrustedKeys = [.. keys];
            trace.Given("trustedKeys", _trusted.Name);
            for (int i = 0; i < keys.Length; i++) trace.Given($"trustedKeys[{i}]", _trusted.Name);
        }
        var given = new HashSet<string>();
        foreach (string model in parsed.GetValue(_models) ?? [])
        {
            int end = model.IndexOf('=');
            if (end <= 0 || end == model.Length - 1)
            {
                trace.Refuse(model, _models.Name, $"{_models.Name} is '{model}', not NAME=DIR");
                continue;
            }
            (string name, string folder) = (model[..end], model[(end + 1)..]);
            configuration.Models ??= [];
            if (given.Add(name)) configuration.Models[name] = [];
            configuration.Models[name].Add(folder);
            foreach (string key in (string[])["models", $"models.{name}", $"models.{name}[{configuration.Models[name].Count - 1}]"])
                trace.Given(key, _models.Name);
        }
    }

    static IEnumerable<KeyValuePair<string, string>> Environment() =>
        from DictionaryEntry each in System.Environment.GetEnvironmentVariables()
        select new KeyValuePair<string, string>((string)each.Key, (string?)each.Value ?? "");

    static Option<string?> Value(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };
}
