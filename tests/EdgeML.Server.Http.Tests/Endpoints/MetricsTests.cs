using System.Net.Http.Headers;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Http.Tests.Endpoints;

/// <summary>Alone: the meters of every server of the process are on one page.</summary>
[CollectionDefinition(nameof(MetricsTests), DisableParallelization = true)]
[Collection(nameof(MetricsTests))]
public class MetricsTests
{
    static async Task<PrometheusText> ScrapeAsync(World world)
    {
        using HttpResponseMessage response = await world.Http.GetAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        return PrometheusText.Parse(await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Metrics_AfterRequests_FollowTheGrammarAndCount()
    {
        await using World world = await World.StartAsync();
        Peer client = world.Connect();
        for (ulong i = 1; i <= 5; i++) client.Ask(i);
        client.Send(Frames.Request(6, Frames.Payload(6), deadlineMs: 0.001f));
        client.ReadError();
        using (var other = new Peer(world.Tail.EndPoint))
        {
            other.Send(Frames.Hello("sha256:another"));
            other.ReadToEnd();
        }
        // The client has its answer a moment before it is recorded.
        PrometheusText metrics = await ScrapeAsync(world);
        for (int i = 0; i < 1000 && metrics.Samples.All(sample => sample.Name != "edgeml_tail_queue_duration_seconds_count" || sample.Value < 5); i++)
            metrics = await ScrapeAsync(world);

        (string, string) model = ("model", "fake"), version = ("version", "fake");
        Assert.Equal(5, metrics.Value("edgeml_tail_answers_total", model, version, ("exit", "2")));
        Assert.Equal(0, metrics.Value("edgeml_tail_answers_total", model, version, ("exit", "1")));
        Assert.Equal(1, metrics.Value("edgeml_tail_refused_requests_total", model, version, ("reason", "late")));
        Assert.Equal(1, metrics.Value("edgeml_tail_refused_connections_total", ("reason", "model")));
        Assert.Equal(2, metrics.Value("edgeml_tail_accepted_connections_total"));
        Assert.Equal(6 * 128, metrics.Value("edgeml_tail_received_bytes_total", model, version));
        Assert.Equal(5, metrics.Value("edgeml_tail_queue_duration_seconds_count", model, version));
        Assert.Equal(5, metrics.Value("edgeml_tail_batch_size_sum", model, version));
        Assert.Equal(5, metrics.Value("edgeml_tail_batch_size_bucket", model, version, ("le", "1")));
        Assert.Equal(1, metrics.Value("edgeml_tail_models", model, version));
        Assert.Equal("histogram", metrics.Types["edgeml_tail_compute_duration_seconds"]);
        Assert.Equal(16, metrics.Samples.Count(sample => sample.Name == "edgeml_tail_compute_duration_seconds_bucket"));
        Assert.Contains(metrics.Types.Keys, name => name.StartsWith("dotnet_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_AskedForAsOpenMetrics_AreThat()
    {
        await using World world = await World.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text; version=1.0.0"));
        using HttpResponseMessage response = await world.Http.SendAsync(request);
        Assert.Equal("application/openmetrics-text", response.Content.Headers.ContentType?.MediaType);
        string text = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("# EOF\n", text);
        PrometheusText.Parse(text);
    }

    /// <summary>Whatever clients send, the labels are few.</summary>
    [Fact]
    public async Task Metrics_OfClientsWithManyModels_HaveNoFurtherLabels()
    {
        await using World world = await World.StartAsync();
        for (int i = 0; i < 50; i++)
        {
            using var other = new Peer(world.Tail.EndPoint);
            other.Send(Frames.Hello($"sha256:{i}"));
            other.ReadToEnd();
        }
        Assert.True(SpinWait.SpinUntil(() => world.Tail.Connections == 0, TimeSpan.FromSeconds(20)));
        PrometheusText metrics = await ScrapeAsync(world);
        Assert.Equal(50, metrics.Value("edgeml_tail_refused_connections_total", ("reason", "model")));
        Assert.Single(metrics.Samples, sample => sample.Name == "edgeml_tail_models");
    }

    /// <summary>The quietest of some rounds: the test host itself allocates now and then.</summary>
    [Fact]
    public async Task Metrics_WithAScraper_RecordWithoutAllocating()
    {
        await using World world = await World.StartAsync();
        await ScrapeAsync(world);
        Peer client = world.Connect();
        byte[] frame = Frames.Request(1, Frames.Payload(1), deadlineMs: 20_000);
        void Run(int count)
        {
            for (int i = 0; i < count; i++)
            {
                client.Send(frame);
                client.SkipReply();
            }
        }

        Run(500);
        double least = double.MaxValue;
        for (int round = 0; round < 8 && least > 8; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Run(1000);
            least = Math.Min(least, (GC.GetTotalAllocatedBytes(precise: true) - before) / 1000.0);
        }
        Assert.InRange(least, 0, 8);
    }
}
