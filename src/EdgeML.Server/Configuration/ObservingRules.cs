using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Configuration;

/// <summary>The values that keys of pages, log and export may have.</summary>
/// <param name="rules">For words of a list.</param>
/// <param name="trace">Receives what is wrong.</param>
sealed class ObservingRules(ServeRules rules, ConfigurationTrace trace)
{
    /// <summary>Forms of log lines.</summary>
    public static string[] LogFormats { get; } = ["text", "json"];

    /// <summary>Least levels of log lines.</summary>
    public static string[] LogLevels { get; } = ["debug", "info", "warning", "error"];

    /// <summary>Whether metrics can be sent to an address.</summary>
    public static bool IsCollector(string text, out Uri? address) =>
        Uri.TryCreate(text, UriKind.Absolute, out address) && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    /// <summary>Checks a configuration with all its defaults.</summary>
    public void Check(ServeConfiguration configuration)
    {
        Http(configuration.Http);
        rules.OneOf("log.format", configuration.Log!.Format!, LogFormats);
        if (configuration.Log.Level is { } level) rules.OneOf("log.level", level, LogLevels);
        if (configuration.Otlp is not { } otlp) return;
        if (string.IsNullOrEmpty(otlp.Endpoint)) trace.Refuse("otlp.endpoint", "otlp.endpoint is missing: the collector's address, for instance http://127.0.0.1:4318");
        else if (!IsCollector(otlp.Endpoint, out _))
            trace.Refuse("otlp.endpoint", $"otlp.endpoint is '{Printable.Text(otlp.Endpoint)}', not an address such as http://127.0.0.1:4318");
    }

    void Http(HttpSection? http)
    {
        if (http is null) return;
        if (string.IsNullOrEmpty(http.Listen)) trace.Refuse("http.listen", "http.listen is missing: HOST:PORT of the pages");
        else if (ListenAddress.TryParse(http.Listen, out ListenAddress address) is { } wrong)
            trace.Refuse("http.listen", $"http.listen is '{Printable.Text(http.Listen)}', {wrong}");
        else if (address.IsExposed == true && http.Insecure != true)
            trace.Refuse(
                "http.listen", $"http.listen is {address}, which can be reached over a network, and its pages are neither encrypted nor protected "
                + "by a password: give a loopback address, or \"insecure\": true in http where the network is trusted");
    }
}
