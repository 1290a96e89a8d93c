using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.CompilerServices;
using EdgeML.Cli.CommandLine;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EdgeML.Cli.Observing;

/// <summary>Sends metrics to an OpenTelemetry collector, in the background and once more at the end.</summary>
/// <remarks>Without an address nothing of OpenTelemetry is loaded.</remarks>
static class OtlpExport
{
    const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT", ProtocolVariable = "OTEL_EXPORTER_OTLP_PROTOCOL",
        IntervalVariable = "OTEL_METRIC_EXPORT_INTERVAL", MetricsPath = "v1/metrics";

    const int UsualIntervalMs = 60_000, StopLimitMs = 5000;

    public static Option<Uri?> Option() => new("--otlp")
    {
        HelpName = "URL",
        Description = $"Send metrics to this OpenTelemetry collector, for instance http://127.0.0.1:4318; {EndpointVariable} does the same.",
        CustomParser = result =>
        {
            Uri? address = Address(result.Tokens[0].Value);
            if (address is null) result.AddError($"--otlp is '{result.Tokens[0].Value}', not an address such as http://127.0.0.1:4318");
            return address;
        },
    };

    /// <summary>The collector named by the environment; null without.</summary>
    /// <exception cref="ArgumentException">It is no address.</exception>
    public static Uri? FromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(EndpointVariable) is not { Length: > 0 } text) return null;
        return Address(text) ?? throw new ArgumentException($"{EndpointVariable} is '{text}', not an address such as http://127.0.0.1:4318");
    }

    /// <summary>Begins to send.</summary>
    /// <param name="collector">Its address; metrics go below it.</param>
    /// <param name="service">Name of this service, unless OTEL_SERVICE_NAME gives one.</param>
    /// <param name="log">Called when a collector does not take the metrics.</param>
    /// <param name="meters">Names of meters.</param>
    /// <returns>Disposing it sends the last values.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Export Start(Uri collector, string service, ILogger? log, params string[] meters)
    {
        // Headers, time limit and protocol come from the standard variables.
        var options = new OtlpExporterOptions();
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ProtocolVariable))) options.Protocol = OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = options.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri($"{collector.AbsoluteUri.TrimEnd('/')}/{MetricsPath}") : collector;
        var reader = new PeriodicExportingMetricReader(new LoggedExporter(options, collector, log), IntervalMs());
        MeterProvider provider = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService(service, serviceVersion: ProgramVersion.Text).AddTelemetrySdk().AddEnvironmentVariableDetector())
            .AddMeter([.. meters, "System.Runtime"])
            .AddReader(reader)
            .Build();
        return new Export(provider);
    }

    // Not inlined: without an address the server's assembly is not loaded for it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Uri? Address(string text) => ObservingRules.IsCollector(text, out Uri? address) ? address : null;

    static int IntervalMs() =>
        int.TryParse(Environment.GetEnvironmentVariable(IntervalVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int ms) && ms > 0 ? ms : UsualIntervalMs;

    /// <summary>An export under way.</summary>
    public sealed class Export(MeterProvider provider) : IDisposable
    {
        /// <summary>Sends the values of this moment.</summary>
        public void Flush() => provider.ForceFlush(StopLimitMs);

        public void Dispose()
        {
            provider.Shutdown(StopLimitMs);
            provider.Dispose();
        }
    }

    /// <summary>Warns once in a while that a collector does not take the metrics.</summary>
    sealed class LoggedExporter(OtlpExporterOptions options, Uri collector, ILogger? log) : OtlpMetricExporter(options)
    {
        const int RepeatMs = 600_000;

        long _saidAt = -RepeatMs;

        public override ExportResult Export(in Batch<Metric> metrics)
        {
            ExportResult result = base.Export(metrics);
            if (result == ExportResult.Success || Environment.TickCount64 - _saidAt < RepeatMs) return result;
            _saidAt = Environment.TickCount64;
            log?.LogWarning("collector {Collector} does not take metrics", collector);
            return result;
        }
    }
}
