using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EdgeML.GrpcBaseline;

/// <summary>Kestrel with HTTP/2 in clear, on a free port of this machine.</summary>
static class Server
{
    /// <summary>Prints the port and serves to the end of its input.</summary>
    public static async Task RunAsync(string onnx, int atOnce)
    {
        using var network = new RestNetwork(onnx, atOnce);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(network);
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using WebApplication application = builder.Build();
        application.MapGrpcService<RestService>();
        await application.StartAsync();
        Console.WriteLine(new Uri(application.Urls.First()).Port);
        while (Console.In.Read() >= 0)
        {
        }
        await application.StopAsync();
    }
}
