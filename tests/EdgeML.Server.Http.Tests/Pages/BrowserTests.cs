using System.Globalization;
using System.Text.RegularExpressions;
using EdgeML.Server.Http.Pages;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Http.Tests.Pages;

/// <summary>The live page in a browser; skipped where there is none.</summary>
public partial class BrowserTests(ITestOutputHelper output) : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-page-");

    [GeneratedRegex("<title>(?<inner>[0-9]+) (?<scroll>[0-9]+) (?<paper>[^<]*)</title>")]
    static partial Regex Measured { get; }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Page_OfALiveServer_ShowsInABrowser()
    {
        Assert.SkipWhen(Chromium.Path is null, "no Chromium on this machine");
        await using World world = await World.StartAsync();
        Peer client = world.Connect();
        for (ulong i = 1; i <= 3; i++) client.Ask(i);
        string page = await Chromium.DumpAsync($"http://{world.Status.EndPoint}/?still");
        Assert.Contains("<h1>edgeml tail</h1>", page);
        Assert.Contains("serving", page);
        Assert.Matches(">127\\.0\\.0\\.1:[0-9]+</th>", page);
    }

    /// <summary>Nothing is wider than the window, and the two colour schemes differ.</summary>
    [Fact]
    public async Task Page_InANarrowWindow_FitsInLightAndDark()
    {
        Assert.SkipWhen(Chromium.Path is null, "no Chromium on this machine");
        const string measure = "<script>document.title=innerWidth+' '+document.documentElement.scrollWidth+' '+getComputedStyle(document.body).backgroundColor</script>";
        string page = new StatusPage().Write([StatusPageTests.Busy()], DateTimeOffset.UtcNow, refreshes: false);
        string file = Path.Combine(_folder.FullName, "page.html");
        await File.WriteAllTextAsync(file, page.Replace("</body>", $"{measure}</body>", StringComparison.Ordinal));
        var papers = new HashSet<string>();
        foreach (string scheme in (string[])["1", "0"])
        {
            string shown = await Chromium.DumpAsync($"file://{file}", "--window-size=400,900", $"--blink-settings=preferredColorScheme={scheme}");
            Match measured = Measured.Match(shown);
            Assert.True(measured.Success, shown);
            int inner = int.Parse(measured.Groups["inner"].Value, CultureInfo.InvariantCulture), scroll = int.Parse(measured.Groups["scroll"].Value, CultureInfo.InvariantCulture);
            output.WriteLine($"scheme {scheme}: {scroll} of {inner} pixels, {measured.Groups["paper"].Value}");
            Assert.InRange(inner, 300, 520);
            Assert.True(scroll <= inner, $"{scroll} pixels in a window of {inner}");
            papers.Add(measured.Groups["paper"].Value);
        }
        Assert.Equal(2, papers.Count);
    }
}
