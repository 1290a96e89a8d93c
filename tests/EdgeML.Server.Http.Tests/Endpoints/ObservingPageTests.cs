using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server.Configuration;

namespace EdgeML.Server.Http.Tests.Endpoints;

/// <summary>docs/reference/observing.md lists the instruments and reasons that exist, and no others.</summary>
[Collection(nameof(MetricsTests))]
public partial class ObservingPageTests
{
    [GeneratedRegex(@"^\| `(?<name>edgeml\.[a-z_.]+)` \| (`(?<shown>edgeml_[a-z_]+)` \| )?(`(?<unit>[^`]+)`)? ?\|(?<labels>[^|]*)\|", RegexOptions.Multiline)]
    static partial Regex Row { get; }

    static string Page()
    {
        Assert.SkipWhen(SourceTree.Root is null, "no source tree around the tests");
        return File.ReadAllText(Path.Combine(SourceTree.Root!, "docs", "reference", "observing.md"));
    }

    static Dictionary<string, Instrument> Instruments()
    {
        var found = new Dictionary<string, Instrument>();
        RuntimeHelpers.RunClassConstructor(typeof(EdgeMetrics).TypeHandle);
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name is TailServer.MeterName or EdgeMetrics.MeterName) found[instrument.Name] = instrument;
            },
        };
        listener.Start();
        return found;
    }

    [Fact]
    public void Page_ListsEveryInstrumentWithItsUnit()
    {
        Dictionary<string, string> listed = Row.Matches(Page()).ToDictionary(row => row.Groups["name"].Value, row => row.Groups["unit"].Value);
        Dictionary<string, string> existing = Instruments().ToDictionary(each => each.Key, each => each.Value.Unit ?? "");
        Assert.Equal(existing.OrderBy(each => each.Key), listed.OrderBy(each => each.Key));
    }

    /// <summary>Of those that have a value at once.</summary>
    [Fact]
    public async Task Page_ListsNamesAndLabelsAsTheyAreShown()
    {
        var listed = Row.Matches(Page()).Where(row => row.Groups["shown"].Success)
            .ToDictionary(row => row.Groups["shown"].Value, row => row.Groups["labels"].Value.Replace("`", "", StringComparison.Ordinal).Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Order());
        await using World world = await World.StartAsync();
        world.Connect().Ask(1);
        string text = (await world.GetAsync("/metrics")).Text;
        PrometheusText metrics = PrometheusText.Parse(text);
        string[] shown = [.. metrics.Types.Keys.Where(name => name.StartsWith("edgeml_tail_", StringComparison.Ordinal))];
        Assert.True(shown.Length >= 14, text);
        foreach (string name in shown)
        {
            Assert.True(listed.TryGetValue(name, out var labels), $"{name} is not on the page");
            PrometheusSample sample = metrics.Samples.First(each => each.Name.StartsWith(name, StringComparison.Ordinal));
            Assert.Equal(labels, sample.Labels.Keys.Except(["otel_scope_name", "le"]).Order());
        }
    }

    [Fact]
    public void Page_ListsEveryReason()
    {
        string page = Page();
        foreach (string reason in Enum.GetValues<Requests.RefusalReason>().Select(Requests.RefusalReasons.NameOf)) Assert.Contains($"`{reason}`", page);
    }
}
