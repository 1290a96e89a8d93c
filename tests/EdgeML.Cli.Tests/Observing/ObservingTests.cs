using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Observing;

/// <summary>Pages, export and log of the command.</summary>
public sealed class ObservingTests(ShippedPackage package) : IClassFixture<ShippedPackage>
{
    string[] Run(string tail, params string[] more) =>
        ["run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "20", "--cut", "4", "--tail", tail, "--deadline-ms", "60000", .. more];

    [Fact]
    public async Task Tail_WithHttp_ServesPagesAndLogsAsJson()
    {
        using var tail = new ObservedTail(package.Model, "--http", "127.0.0.1:0", "--log", "json");
        Outcome run = EdgemlProcess.Run(Run(tail.Address));
        Assert.True(run.ExitCode == 0, run.Error);
        using var http = new HttpClient { BaseAddress = tail.Pages };
        Assert.Equal("ready\n", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative)));
        Assert.Contains("edgeml_tail_accepted_connections_total", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
        Assert.Contains("shapes-vgg", await http.GetStringAsync(new Uri("/", UriKind.Relative)));
        using (var noise = new TcpClient())
        {
            noise.Connect(IPEndPoint.Parse(tail.Address));
            byte[] bytes = [.. Enumerable.Range(0, 64).Select(i => (byte)(0x1b ^ i))];
            noise.GetStream().Write(bytes);
            noise.GetStream().ReadTimeout = 20_000;
            while (noise.GetStream().Read(bytes) > 0)
            {
            }
        }
        Outcome ended = tail.Terminate();

        Assert.Equal(0, ended.ExitCode);
        JsonElement[] lines = [.. ended.ErrorLines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.DoesNotContain(ended.ErrorLines, line => line.Any(c => c is < ' ' or > '~'));
        Assert.All(lines, line => Assert.True(line.TryGetProperty("time", out _) && line.TryGetProperty("level", out _) && line.TryGetProperty("message", out _)));
        Assert.Contains(lines, line => line.GetProperty("event").GetString() == "connected" && line.GetProperty("model").GetString() == "shapes-vgg");
        JsonElement refused = Assert.Single(lines, line => line.GetProperty("event").GetString() == "refused");
        Assert.Equal("warning", refused.GetProperty("level").GetString());
        Assert.StartsWith("127.0.0.1:", refused.GetProperty("client").GetString());
    }

    [Fact]
    public async Task Serve_ByAConfigurationWithPages_ShowsItsModelsByName()
    {
        string file = package["observed.json"];
        await File.WriteAllTextAsync(file, $$"""
            { "listen": "127.0.0.1:0", "models": { "cameras": "{{package.Model}}" }, "http": { "listen": "127.0.0.1:0" }, "log": { "format": "json" } }
            """);
        using ObservedTail serve = ObservedTail.Serve(file);
        Outcome run = EdgemlProcess.Run(Run(serve.Address));
        Assert.True(run.ExitCode == 0, run.Error);
        using var http = new HttpClient { BaseAddress = serve.Pages };
        Assert.Equal("ready\n", await http.GetStringAsync(new Uri("/readyz", UriKind.Relative)));
        Assert.Contains("model=\"cameras\"", await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)));
        Assert.Contains("cameras", await http.GetStringAsync(new Uri("/", UriKind.Relative)));
        Outcome ended = serve.Terminate();
        Assert.Equal(0, ended.ExitCode);
        Assert.Contains(ended.ErrorLines, line => JsonDocument.Parse(line).RootElement.GetProperty("message").GetString()!.StartsWith("tail connected to", StringComparison.Ordinal));
    }

    [Fact]
    public void Tail_WithALogLevel_ShowsThatAndAbove()
    {
        using var talking = new ObservedTail(package.Model, "--log-level", "info");
        using var silent = new ObservedTail(package.Model, "--log", "json", "--log-level", "error");
        foreach (ObservedTail tail in (ObservedTail[])[talking, silent])
        {
            Outcome run = EdgemlProcess.Run(Run(tail.Address));
            Assert.True(run.ExitCode == 0, run.Error);
        }
        Assert.Matches("^edgeml: tail connected to 127[.]0[.]0[.]1:[0-9]+$", talking.Terminate().ErrorLines[0]);
        Assert.Empty(silent.Terminate().ErrorLines);
    }

    /// <summary>The last values come at the end, whatever the interval.</summary>
    [Fact]
    public void TailAndRun_WithOtlp_SendTheirMetersToTheCollector()
    {
        using var ofTail = new OtlpReceiver();
        using var ofRun = new OtlpReceiver();
        using var tail = new ObservedTail(package.Model, "--otlp", ofTail.Address);
        Outcome run = EdgemlProcess.Run(Run(tail.Address, "--otlp", ofRun.Address));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(0, tail.Terminate().ExitCode);

        Assert.Equal(("/v1/metrics", "edgeml-tail"), (ofTail.Path, ofTail.Service));
        Assert.Superset(new HashSet<string> { "edgeml.tail.answers", "edgeml.tail.queue.duration", "edgeml.tail.connections", "dotnet.gc.collections" }, ofTail.Metrics.ToHashSet());
        Assert.Equal(("/v1/metrics", "edgeml-run"), (ofRun.Path, ofRun.Service));
        Assert.Superset(new HashSet<string> { "edgeml.task.latency", "edgeml.offload.bytes" }, ofRun.Metrics.ToHashSet());
    }

    [Fact]
    public void Run_WithACollectorInTheEnvironment_SendsThere()
    {
        using var collector = new OtlpReceiver();
        var environment = new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address, ["OTEL_SERVICE_NAME"] = "camera 7" };
        Outcome run = EdgemlProcess.Run(environment, "run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "5");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal("camera 7", collector.Service);
        Assert.Contains("edgeml.task.latency", collector.Metrics);
    }

    [Fact]
    public void Run_WithoutACollectorAtTheAddress_WarnsAndSucceeds()
    {
        Outcome run = EdgemlProcess.Run("run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "5", "--otlp", "http://127.0.0.1:1");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal("edgeml: warning: collector http://127.0.0.1:1/ does not take metrics", Assert.Single(run.ErrorLines));
    }

    /// <summary>Neither a device nor a tail without pages pays for ASP.NET Core.</summary>
    [Fact]
    public void Processes_WithoutPages_LoadNoAspNetCore()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "loaded files are read from /proc");
        using var plain = new ObservedTail(package.Model);
        using var watched = new ObservedTail(package.Model, "--http", "127.0.0.1:0");
        Assert.Empty(Loaded(plain.Id, "Microsoft.AspNetCore|OpenTelemetry|EdgeML.Server.Http"));
        Assert.NotEmpty(Loaded(watched.Id, "Microsoft.AspNetCore"));

        using ChildProcess run = EdgemlProcess.Start(
            "run", "--model", package.Model, "--data", "shapes:seed=1", "--count", "1000000", "--cut", "4", "--tail", plain.Address, "--answers", "-");
        Assert.NotNull(run.ReadLine(TimeSpan.FromSeconds(60)));
        Assert.NotNull(run.ReadLine(TimeSpan.FromSeconds(60)));
        Assert.NotEmpty(Loaded(run.Id, "EdgeML.Native"));
        Assert.Empty(Loaded(run.Id, "Microsoft.AspNetCore|OpenTelemetry|EdgeML.Server"));
    }

    static string[] Loaded(int process, string names) => [.. File.ReadLines($"/proc/{process}/maps")
        .Select(line => Path.GetFileName(line.Split(' ')[^1])).Where(file => Regex.IsMatch(file, $"^({names})")).Distinct()];

    public static TheoryData<string, int, string[]> BadInput() => new()
    {
        { "can be reached over a network, and its pages are neither encrypted", 2, ["--http", "0.0.0.0:0"] },
        { "--http is 'here'", 2, ["--http", "here"] },
        { "--otlp is 'collector:4317', not an address such as http://127.0.0.1:4318", 2, ["--otlp", "collector:4317"] },
        { "--log is 'xml', not one of text, json", 2, ["--log", "xml"] },
        { "--log-level is 'warn', not one of debug, info, warning, error", 2, ["--log-level", "warn"] },
        { "cannot serve pages on {taken}", 1, ["--http", "{taken}"] },
    };

    [Theory]
    [MemberData(nameof(BadInput))]
    public void Tail_WithBadInput_SaysSoInOneLine(string expected, int code, string[] options)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string Filled(string text) => text.Replace("{taken}", $"{taken.LocalEndpoint}", StringComparison.Ordinal);
        Outcome outcome = EdgemlProcess.Run(["tail", "--model", package.Model, "--listen", "127.0.0.1:0", .. options.Select(Filled)]);
        Assert.Equal(code, outcome.ExitCode);
        Assert.Contains(Filled(expected), Assert.Single(outcome.ErrorLines));
    }
}
