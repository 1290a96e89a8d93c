// A tail inside a .NET host. Ctrl+C or SIGTERM stops it after the requests that are on it.
//   dotnet run -c Release --project samples/HostedTail -- --model engines/my-model --listen 127.0.0.1:7410
using EdgeML.Native.Inference.Engines;
using HostedTail;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
string package = builder.Configuration["model"] ?? throw new ArgumentException("--model names no package");
// The container disposes it after the service has ended.
builder.Services.AddSingleton(_ => BranchedModel.Load(package));
builder.Services.AddHostedService<TailService>();
await builder.Build().RunAsync();
