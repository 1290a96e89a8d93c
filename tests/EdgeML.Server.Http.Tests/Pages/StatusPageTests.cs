using System.Net;
using EdgeML.Server.Http.Pages;
using EdgeML.Server.Status;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Http.Tests.Pages;

public class StatusPageTests
{
    static readonly DateTimeOffset s_now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>A server with everything that a page can show, and names that try to leave their place.</summary>
    public static ServerStatus Busy(int devices = 3, string name = "shapes-vgg") => new()
    {
        State = ServerState.Serving,
        EndPoint = new IPEndPoint(IPAddress.Loopback, 7410),
        IsEncrypted = true,
        Since = s_now.AddHours(-30),
        Models =
        [
            new ModelStatus
            {
                Name = name,
                Version = "0123456789ab",
                Answers = [120_000, 30_000, 9_000, 4_321],
                Refused = new Dictionary<string, long> { ["late"] = 12, ["busy"] = 3 },
                BytesReceived = 9_876_543_210,
                BytesSent = 12_345_678,
            },
        ],
        Devices = [.. Enumerable.Range(1, devices).Select(i => new DeviceStatus
        {
            Connection = i,
            Remote = new IPEndPoint(IPAddress.Parse("fe80::1234:5678:9abc:def0"), 40_000 + i),
            Identity = i == 1 ? $"<script>alert(1)</script>\u001b[31m\u202e{new string('x', 300)}" : $"device-{i}.example",
            Model = name,
            Version = "0123456789ab",
            Since = s_now.AddSeconds(-100),
            Requests = 100 * i,
            Refused = i,
            InFlight = 1,
        })],
        RefusedConnections = new Dictionary<string, long> { ["handshake"] = 7 },
        InFlight = 3,
        Waiting = 1,
        ComputeThreads = 2,
        BusyShare = 0.731,
        Slowdown = 1.25,
        PayloadMemory = 1_234_567,
        MaxPayloadMemory = 268_435_456,
    };

    [Fact]
    public void Write_OfABusyServer_ShowsItsNumbers()
    {
        string page = new StatusPage().Write([Busy()], s_now, refreshes: true);
        foreach (string shown in (string[])["127.0.0.1:7410", "serving", "30 h", "73 %", "163,321", "0123456789ab", "TLS 1.3", "handshake", "late", "device-3.example", "1,235 kB"])
            Assert.Contains(shown, page);
        // 100, 200 and 300 requests in 100 s.
        Assert.Contains("<dt>requests per second</dt><dd>6.0</dd>", page);
        Assert.Contains("http-equiv=\"refresh\" content=\"5\"", page);
        Assert.DoesNotContain("http-equiv", new StatusPage().Write([Busy()], s_now, refreshes: false));
    }

    [Fact]
    public void Write_OfTextFromTheNetwork_EscapesIt()
    {
        string page = new StatusPage().Write([Busy(name: "\"><img src=x onerror=alert(1)>")], s_now, refreshes: true);
        Assert.DoesNotContain("<script", page);
        Assert.DoesNotContain("<img", page);
        Assert.Contains("&lt;script&gt;", page);
        Assert.DoesNotContain(page, c => (char.IsControl(c) && c != '\n') || c == '\u202e');
    }

    /// <summary>Neither scripts nor anything from elsewhere.</summary>
    [Fact]
    public async Task Page_OfALiveServer_LoadsNothing()
    {
        await using World world = await World.StartAsync();
        Peer client = world.Connect();
        client.Ask(1);
        using HttpResponseMessage response = await world.Http.GetAsync(new Uri("/", UriKind.Relative));
        string page = await response.Content.ReadAsStringAsync();
        foreach (string foreign in (string[])["<script", "src=", "url(", "@import", "http:", "https:", "<link", "<iframe"]) Assert.DoesNotContain(foreign, page);
        Assert.StartsWith("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains(world.Tail.EndPoint.ToString(), page);
        Assert.Contains(">fake", page);
    }

    [Fact]
    public void Write_OfManyDevices_ShowsTheBusiest()
    {
        string page = new StatusPage().Write([Busy(devices: 1000)], s_now, refreshes: true);
        Assert.Contains("The 200 busiest of 1,000 devices.", page);
        Assert.Contains("device-1000.example", page);
        Assert.DoesNotContain("device-2.example", page);
    }

    [Fact]
    public void Write_TheSecondTime_ShowsTheRateSinceTheFirst()
    {
        var page = new StatusPage();
        ServerStatus first = Busy(devices: 1);
        page.Write([first], s_now, refreshes: true);
        ServerStatus second = first with { Devices = [first.Devices[0] with { Requests = first.Devices[0].Requests + 500 }] };
        Assert.Contains("<dd>50</dd>", page.Write([second], s_now.AddSeconds(10), refreshes: true));
    }
}
