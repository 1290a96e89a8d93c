using System.Diagnostics.CodeAnalysis;
using System.Net;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Tails;

/// <summary>The clients of a set. Where every address of a name is a tail, names are looked up again while tasks run: new addresses are added,
/// and those that are gone are removed once they are down. Any thread.</summary>
sealed class TailMembers : IDisposable
{
    /// <summary>How much more rarely names are looked up while no task runs.</summary>
    const int Rest = 20;

    readonly TailSetOptions _options;
    readonly ModelManifest _manifest;
    readonly BottleneckSet? _bottlenecks;
    readonly ProbeBudget? _budget;
    readonly Timer? _timer;
    readonly Lock _gate = new();
    volatile TailMember[] _all;
    volatile bool _wasUsed;
    int _nextId;
    int _rested;
    bool _isDisposed;

    public TailMembers(TailSetOptions options, ModelManifest manifest, BottleneckSet? bottlenecks)
    {
        (_options, _manifest, _bottlenecks) = (options, manifest, bottlenecks);
        if (options.Tails.Min(entry => entry.Options.ProbeBudget) is { } bytes) _budget = new ProbeBudget(bytes);
        (TailEntry Entry, string Host)[] hosts = [.. options.Tails.SelectMany(entry => HostsOf(entry).Select(host => (entry, host)))];
        hosts = hosts[..Math.Min(hosts.Length, TailSetOptions.MostTails)];
        _all = [.. hosts.Select(each => Create(each.Entry, each.Host, hosts.Length))];
        if (options.Tails.Any(entry => entry.EveryAddress)) _timer = new Timer(_ => LookUp(), null, options.ResolveInterval, options.ResolveInterval);
    }

    /// <summary>In the order of the options; never empty. An array that is here once never changes.</summary>
    public TailMember[] All => _all;

    /// <summary>Exceptions while names were looked up.</summary>
    public BackgroundFaults Faults { get; } = new();

    /// <summary>A task begins.</summary>
    public void NoteUse()
    {
        if (!_wasUsed) _wasUsed = true;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }
        _timer?.Dispose();
        foreach (TailMember member in _all) member.Dispose();
    }

    /// <summary>Looks names up on the timer's thread; for tests at once.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    internal void LookUp()
    {
        if (!_wasUsed && ++_rested < Rest) return;
        (_wasUsed, _rested) = (false, 0);
        try
        {
            foreach (TailEntry entry in _options.Tails)
            {
                if (entry.EveryAddress && Addresses(entry) is { Length: > 0 } hosts) Update(entry, hosts);
            }
        }
        catch (Exception e)
        {
            Faults.Add("tail names", "they are looked up again later", e);
        }
    }

    void Update(TailEntry entry, string[] hosts)
    {
        List<TailMember> left = [];
        lock (_gate)
        {
            if (_isDisposed) return;
            var all = new List<TailMember>();
            foreach (TailMember member in _all)
            {
                // One that still answers is no worse for having lost its name. One that stands for a name without addresses has had its time.
                bool stays = member.Entry != entry || hosts.Contains(member.Host) || (member.Client.IsUp && member.Host != entry.Options.Host);
                (stays ? all : left).Add(member);
            }
            foreach (string host in hosts)
            {
                if (all.Count == TailSetOptions.MostTails) break;
                if (!all.Exists(member => member.Entry == entry && member.Host == host)) all.Add(Create(entry, host, all.Count + 1));
            }
            _all = [.. all];
        }
        foreach (TailMember member in left) member.Dispose();
    }

    // A name without addresses stays one tail, which connects as soon as there is one.
    string[] HostsOf(TailEntry entry) =>
        entry.EveryAddress && Addresses(entry) is { Length: > 0 } hosts ? hosts : [entry.Options.Host];

    [SuppressMessage("Design", "CA1031", Justification = "a name that cannot be looked up now may be later")]
    string[] Addresses(TailEntry entry)
    {
        try
        {
            // In a fixed order: resolvers turn theirs with every answer.
            return [.. _options.Resolve(entry.Options.Host).Select(address => address.ToString()).Distinct().Order(StringComparer.Ordinal)];
        }
        catch (Exception)
        {
            return [];
        }
    }

    TailMember Create(TailEntry entry, string host, int count)
    {
        TailTlsOptions? tls = entry.Options.Tls;
        // The certificate has the name, whatever address it is at.
        if (tls is { ServerName: null } && host != entry.Options.Host) tls = tls with { ServerName = entry.Options.Host };
        TailClientOptions options = entry.Options with { Host = host, Tls = tls, SharedBudget = _budget, Sharing = count };
        return new TailMember(_nextId++, host, new TailClient(options, _manifest, _bottlenecks), entry, _options.Clock);
    }
}
