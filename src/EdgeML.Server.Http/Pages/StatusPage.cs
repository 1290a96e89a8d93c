using System.Globalization;
using System.Text;
using EdgeML.Server.Status;

namespace EdgeML.Server.Http.Pages;

/// <summary>The live page: plain HTML that the browser loads again by itself, without scripts. Any thread.</summary>
sealed class StatusPage
{
    /// <summary>The query of the page that stays as it is.</summary>
    public const string StillQuery = "?still";

    /// <summary>Rows of devices; the busiest are shown.</summary>
    public const int MostDevices = 200;

    const int RefreshSeconds = 5;

    readonly RateHistory _rates = new();
    readonly Lock _gate = new();

    /// <summary>Writes the page.</summary>
    /// <param name="servers">At this moment.</param>
    /// <param name="now">This moment.</param>
    /// <param name="refreshes">Whether the browser loads it again after some seconds.</param>
    public string Write(IReadOnlyList<ServerStatus> servers, DateTimeOffset now, bool refreshes)
    {
        var page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>edgeml tail</title>\n");
        page.Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        if (refreshes) page.Append(CultureInfo.InvariantCulture, $"<meta http-equiv=\"refresh\" content=\"{RefreshSeconds}\">\n");
        page.Append($"<style>\n{PageStyle.Css}\n</style>\n</head>\n<body>\n<main>\n<h1>edgeml tail</h1>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC · ");
        page.Append(refreshes
            ? FormattableString.Invariant($"refreshed every {RefreshSeconds} s (<a href=\"/{StillQuery}\">stop</a>)")
            : "stays as it is (<a href=\"/\">refresh</a>)");
        page.Append(" · <a href=\"/metrics\">metrics</a></p>\n");
        if (servers.Count == 0) page.Append("<section><p class=\"warn\">starting</p><p>Models are being loaded.</p></section>\n");
        lock (_gate)
        {
            _rates.Add(servers, now);
            foreach (ServerStatus server in servers) Write(page, server, now);
        }
        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    void Write(StringBuilder page, ServerStatus server, DateTimeOffset now)
    {
        (DeviceStatus Device, double Rate)[] devices = [.. server.Devices.Select(device => (device, _rates.Of(server, device, now)))];
        string state = server.State switch
        {
            ServerState.Serving => "<span class=\"good\">serving</span>",
            ServerState.Draining => "<span class=\"warn\">draining</span>",
            _ => "<span class=\"warn\">stopped</span>",
        };
        page.Append($"<section>\n<h2>{HtmlText.Of(server.EndPoint.ToString())} · {state}</h2>\n<dl>\n");
        Number(page, "up for", HtmlText.Span(now - server.Since));
        Number(page, "connections", HtmlText.Of(server.Devices.Count));
        Number(page, "encryption", server.IsEncrypted ? "TLS 1.3" : "none");
        Number(page, "requests per second", HtmlText.Rate(devices.Sum(each => each.Rate)));
        Number(page, "requests under way", HtmlText.Of(server.InFlight));
        Number(page, "of these in the queue", HtmlText.Of(server.Waiting));
        Number(page, $"busy, of {server.ComputeThreads} compute {(server.ComputeThreads == 1 ? "thread" : "threads")}", HtmlText.Percent(server.BusyShare) + Meter(server.BusyShare));
        Number(page, "computing time / profile", server.Slowdown.ToString("0.00", CultureInfo.InvariantCulture));
        Number(page, $"payload memory, of {HtmlText.Bytes(server.MaxPayloadMemory)}", HtmlText.Bytes(server.PayloadMemory) + Meter((double)server.PayloadMemory / server.MaxPayloadMemory));
        page.Append("</dl>\n");
        Models(page, server);
        Exits(page, server);
        Refusals(page, server);
        Devices(page, devices, now);
        page.Append("</section>\n");
    }

    static void Number(StringBuilder page, string name, string html) => page.Append($"<div><dt>{name}</dt><dd>{html}</dd></div>\n");

    static string Meter(double share) =>
        FormattableString.Invariant($"<meter min=\"0\" max=\"1\" high=\"0.9\" optimum=\"0\" value=\"{Math.Clamp(share, 0, 1):0.000}\"></meter>");

    static void Models(StringBuilder page, ServerStatus server)
    {
        var table = new HtmlTable("Models", "model", "version", "answered", "refused", "received", "sent");
        foreach (ModelStatus model in server.Models)
            table.Row(
                HtmlText.Of(model.Name), $"<code>{HtmlText.Of(model.Version)}</code>", HtmlText.Of(model.Answers.Sum()),
                HtmlText.Of(model.Refused.Values.Sum()), HtmlText.Bytes(model.BytesReceived), HtmlText.Bytes(model.BytesSent));
        table.AppendTo(page);
    }

    static void Exits(StringBuilder page, ServerStatus server)
    {
        var table = new HtmlTable("Exits taken on this server", "model", "exit", "answers", "share");
        foreach (ModelStatus model in server.Models)
        {
            long all = model.Answers.Sum();
            for (int exit = 1; exit <= model.Answers.Count; exit++)
            {
                long answers = model.Answers[exit - 1];
                string name = exit == model.Answers.Count ? "final" : exit.ToString(CultureInfo.InvariantCulture);
                table.Row(ModelName(model.Name, model.Version), name, HtmlText.Of(answers), all == 0 ? "–" : HtmlText.Percent((double)answers / all));
            }
        }
        table.AppendTo(page);
    }

    static void Refusals(StringBuilder page, ServerStatus server)
    {
        var table = new HtmlTable("Refused", "reason", "connections", "requests");
        Dictionary<string, long> requests = server.Models.SelectMany(model => model.Refused)
            .GroupBy(each => each.Key, each => each.Value).ToDictionary(group => group.Key, group => group.Sum());
        string[] reasons = [.. server.RefusedConnections.Keys.Union(requests.Keys).Order(StringComparer.Ordinal)];
        foreach (string reason in reasons)
            table.Row(
                HtmlText.Of(reason), HtmlText.Of(server.RefusedConnections.GetValueOrDefault(reason)), HtmlText.Of(requests.GetValueOrDefault(reason)));
        if (reasons.Length > 0) table.AppendTo(page);
    }

    static void Devices(StringBuilder page, (DeviceStatus Device, double Rate)[] devices, DateTimeOffset now)
    {
        var table = new HtmlTable("Devices", "address", "identity", "model", "connected", "requests", "per second", "under way", "refused");
        foreach ((DeviceStatus device, double rate) in devices.OrderByDescending(each => each.Rate).ThenBy(each => each.Device.Connection).Take(MostDevices))
            table.Row(
                HtmlText.Of(device.Remote?.ToString()), HtmlText.Of(device.Identity), ModelName(device.Model, device.Version), HtmlText.Span(now - device.Since),
                HtmlText.Of(device.Requests), HtmlText.Rate(rate), HtmlText.Of(device.InFlight), HtmlText.Of(device.Refused));
        if (devices.Length > 0) table.AppendTo(page);
        else page.Append("<p class=\"soft\">No device is connected.</p>\n");
        if (devices.Length > MostDevices)
            page.Append($"<p class=\"soft\">The {MostDevices} busiest of {HtmlText.Of(devices.Length)} devices.</p>\n");
    }

    static string ModelName(string? name, string? version) =>
        version is null ? HtmlText.Of(name) : $"{HtmlText.Of(name)} <code>{HtmlText.Of(version)}</code>";
}
