using EdgeML.Native.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace EdgeML.Server.Http.Endpoints;

/// <summary>The meters of this process as text for Prometheus.</summary>
sealed class MetricsEndpoint : IDisposable
{
    /// <summary>The server's meter, the library's, and .NET's.</summary>
    static readonly string[] s_meters = [TailServer.MeterName, EdgeMetrics.MeterName, "System.Runtime"];

    readonly MeterProvider _provider = Sdk.CreateMeterProviderBuilder()
        .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService("edgeml-tail").AddTelemetrySdk().AddEnvironmentVariableDetector())
        .AddMeter(s_meters)
        .AddPrometheusExporter(options => options.ScrapeResponseCacheDurationMilliseconds = 0)
        .Build();

    readonly RequestDelegate _write;

    public MetricsEndpoint() => _write = new ApplicationBuilder(NoServices.Instance)
        .UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, null, null, null)
        .Build();

    public Task WriteAsync(HttpContext context) => _write(context);

    public void Dispose() => _provider.Dispose();

    /// <summary>The exporter is given everything it needs.</summary>
    sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
