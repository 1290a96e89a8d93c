using System.Net;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Server;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace HostedTail;

/// <summary>Serves the model's tail as long as the host runs.</summary>
sealed class TailService(BranchedModel model, IConfiguration configuration, ILogger<TailService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Edge devices plan with these times.
        var profile = DeviceProfiler.Measure(model, Environment.MachineName, cancellation: stoppingToken);
        await using (var server = new TailServer(new ModelTailExecutor(model, profile), new TailServerOptions
        {
            EndPoint = IPEndPoint.Parse(configuration["listen"] ?? "127.0.0.1:7410"),
            Logger = logger,
        }))
        {
            logger.LogInformation("serving {Model} on {EndPoint}", model.Manifest.Name, server.EndPoint);
            await Task.Delay(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            logger.LogInformation("stopping with {Connections} connections", server.Connections);
        }
        logger.LogInformation("stopped");
    }
}
