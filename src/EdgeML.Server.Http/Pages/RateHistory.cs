using EdgeML.Server.Status;

namespace EdgeML.Server.Http.Pages;

/// <summary>Requests per second of every device, over the last seconds in which the page was looked at. Not synchronised.</summary>
sealed class RateHistory
{
    /// <summary>Shorter intervals would show noise.</summary>
    static readonly TimeSpan s_least = TimeSpan.FromSeconds(4), s_most = TimeSpan.FromMinutes(1);

    Counts? _older;
    Counts? _newer;

    /// <summary>Takes the counts of this moment.</summary>
    public void Add(IReadOnlyList<ServerStatus> servers, DateTimeOffset now)
    {
        if (_newer is { } last && now - last.At < s_least) return;
        _older = _newer;
        _newer = new Counts(now, servers.SelectMany(server => server.Devices.Select(device => (server, device)))
            .ToDictionary(each => (each.server.EndPoint.ToString(), each.device.Connection), each => each.device.Requests));
    }

    /// <summary>Requests per second; of a device that was not there before, since it connected.</summary>
    public double Of(ServerStatus server, DeviceStatus device, DateTimeOffset now)
    {
        if (_older is { } older && now - older.At < s_most && older.Requests.TryGetValue((server.EndPoint.ToString(), device.Connection), out long before))
            return (device.Requests - before) / (now - older.At).TotalSeconds;
        return device.Requests / Math.Max(1, (now - device.Since).TotalSeconds);
    }

    sealed record Counts(DateTimeOffset At, Dictionary<(string Server, long Connection), long> Requests);
}
