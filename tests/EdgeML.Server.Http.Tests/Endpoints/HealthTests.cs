using System.Net;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Http.Tests.Endpoints;

public class HealthTests
{
    [Fact]
    public async Task Readyz_BeforeServingAndAfter_Answers503()
    {
        await using StatusServer status = await StatusServer.StartAsync(new StatusServerOptions());
        using var http = new HttpClient { BaseAddress = new Uri($"http://{status.EndPoint}") };
        async Task<(HttpStatusCode, string)> GetAsync(string path)
        {
            using HttpResponseMessage response = await http.GetAsync(new Uri(path, UriKind.Relative));
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }

        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync("/healthz"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "models are being loaded\n"), await GetAsync("/readyz"));
        Assert.Contains("Models are being loaded", (await GetAsync("/")).Item2);

        using var isRunning = new ManualResetEventSlim();
        using var mayEnd = new ManualResetEventSlim();
        var model = new FakeTail
        {
            Running = _ =>
            {
                isRunning.Set();
                mayEnd.Wait();
            },
        };
        var tail = new TailServer(model, new TailServerOptions { DrainLimit = TimeSpan.FromSeconds(20) });
        status.Watch(tail);
        Assert.Equal((HttpStatusCode.OK, "ready\n"), await GetAsync("/readyz"));

        using var client = new Peer(tail.EndPoint).SayHello();
        client.Send(Frames.Request(1, Frames.Payload(1), deadlineMs: 20_000));
        isRunning.Wait();
        Task stopping = tail.DisposeAsync().AsTask();
        Assert.Equal((HttpStatusCode.ServiceUnavailable, $"{tail.EndPoint} is draining\n"), await GetAsync("/readyz"));
        Assert.Contains("draining", (await GetAsync("/")).Item2);
        Assert.Equal((HttpStatusCode.OK, "alive\n"), await GetAsync("/healthz"));
        mayEnd.Set();
        Assert.Equal(FrameKind.Reply, client.Read().Kind);
        await stopping;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, $"{tail.EndPoint} is stopped\n"), await GetAsync("/readyz"));
    }

    [Theory]
    [InlineData("/other", HttpStatusCode.NotFound)]
    [InlineData("/metrics/", HttpStatusCode.NotFound)]
    [InlineData("/..%2f..%2fetc/passwd", HttpStatusCode.NotFound)]
    public async Task Pages_ThatDoNotExist_AreNotFound(string path, HttpStatusCode code)
    {
        await using World world = await World.StartAsync();
        Assert.Equal(code, (await world.GetAsync(path)).Code);
    }

    [Fact]
    public async Task Pages_ByAnotherMethod_AreRefused()
    {
        await using World world = await World.StartAsync();
        using HttpResponseMessage posted = await world.Http.PostAsync(new Uri("/", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        using HttpResponseMessage head = await world.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/healthz"));
        Assert.Equal((HttpStatusCode.OK, 6), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task StartAsync_AtAnAddressInUse_SaysSo()
    {
        await using StatusServer first = await StatusServer.StartAsync(new StatusServerOptions());
        IOException error = await Assert.ThrowsAnyAsync<IOException>(() => StatusServer.StartAsync(new StatusServerOptions { EndPoint = first.EndPoint }));
        Assert.Contains(first.EndPoint.ToString(), error.Message);
    }
}
