using BenchmarkDotNet.Attributes;
using EdgeML.Benchmarks.Offload;
using EdgeML.Server.Http;
using EdgeML.Server.Requests;

namespace EdgeML.Benchmarks.Benches;

/// <summary>The time that metrics add to a request of a tail: without a listener, with Prometheus' exporter, and while it is scraped.</summary>
[MemoryDiagnoser]
public class MetricsBench : IDisposable
{
    const int PayloadBytes = 8192, ReplyBytes = 120;

    readonly ModelDirectory _models = new();
    TailMeters? _meters;
    ServedModel? _model;
    TailJob? _job;
    StatusServer? _status;
    HttpClient? _http;
    Timer? _scraper;

    public enum Listener
    {
        None,
        Prometheus,
        ScrapedEvery100Ms,
    }

    [Params(Listener.None, Listener.Prometheus, Listener.ScrapedEvery100Ms)]
    public Listener By { get; set; }

    [GlobalSetup]
    public void Start()
    {
        _meters = new TailMeters(_models);
        _model = new ServedModel(new EchoExecutor(PayloadBytes, 10), new StagingBudget(1 << 20));
        _models.Add(_model);
        _job = new TailJob(_model);
        if (By == Listener.None) return;
        _status = StatusServer.StartAsync(new StatusServerOptions()).GetAwaiter().GetResult();
        _http = new HttpClient { BaseAddress = new Uri($"http://{_status.EndPoint}") };
        Scrape();
        if (By == Listener.ScrapedEvery100Ms) _scraper = new Timer(_ => Scrape(), null, 100, 100);
    }

    [Benchmark]
    public void Record()
    {
        ModelCounts counts = _model!.Counts;
        counts.Receive(PayloadBytes);
        counts.Answer(1, ReplyBytes);
        _meters!.Computed(_model, 1, 100_000);
        _meters.Waited(_job!);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _scraper?.Dispose();
        _http?.Dispose();
        _status?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _meters!.Dispose();
        _models.Dispose();
    }

    void Scrape() => _http!.GetStringAsync(new Uri("/metrics", UriKind.Relative)).GetAwaiter().GetResult();
}
