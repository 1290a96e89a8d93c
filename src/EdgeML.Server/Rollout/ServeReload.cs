using EdgeML.Native;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Rollout;

/// <summary>Takes up changes of a configuration and of the packages it names, in a running server. One thread at a time.</summary>
/// <param name="server">The server.</param>
/// <param name="rollout">Its models.</param>
/// <param name="first">The configuration that the server was started with.</param>
/// <param name="load">Reads the configuration again.</param>
/// <param name="logger">Receives a line per change and fault.</param>
sealed class ServeReload(TailServer server, ModelRollout rollout, ServeSettings first, Func<ServeSettings> load, ILogger logger)
{
    /// <summary>Keys that take effect in a running server, with all below them.</summary>
    static readonly string[] s_live = ["models", "identities", "watchSeconds"];

    readonly ServeSettings _first = first;
    ServeSettings _current = first;
    string _said = "";

    /// <summary>The configuration in force; of keys that need a restart, the values to come.</summary>
    public ServeConfiguration Current => _current.Configuration;

    /// <summary>Looks at everything once.</summary>
    /// <param name="isAsked">Whether a signal asked for it: then faults that were reported before are reported again.</param>
    public void Run(bool isAsked)
    {
        var lines = new List<string>();
        if (Read(lines) is { } next)
        {
            string[] later = [.. Changed(_first, next).Where(key => !s_live.Contains(key.Split('.', '[')[0])).Select(key => key.Split('.', '[')[0]).Distinct()];
            if (later.Length > 0) lines.Add($"{string.Join(", ", later)}: changed values take effect at the next start");
            if (Changed(_current, next).Any(key => key.StartsWith("identities", StringComparison.Ordinal)) || _current.Identities() is null != next.Identities() is null)
                server.SetIdentities(next.Identities());
            _current = next;
        }
        string said = string.Join('\n', lines);
        if (isAsked || said != _said)
            foreach (string line in lines) logger.LogWarning("{Line}", line);
        _said = said;
        foreach (string fault in rollout.Apply(_current.Configuration.Models!, isAsked)) logger.LogWarning("{Fault}", fault);
    }

    ServeSettings? Read(List<string> lines)
    {
        try
        {
            ServeSettings next = load();
            if (next.Problems.Count == 0) return next;
            lines.AddRange(next.Problems.Select(problem => problem.ToString()));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lines.Add(MessageText.OneLine(e.Message));
        }
        lines.Add("the configuration read before stays in force");
        return null;
    }

    static IEnumerable<string> Changed(ServeSettings before, ServeSettings after)
    {
        HashSet<(string Key, string Value)> old = Pairs(before), now = Pairs(after);
        return old.Union(now).Except(old.Intersect(now)).Select(pair => pair.Key).Distinct();
    }

    static HashSet<(string Key, string Value)> Pairs(ServeSettings settings) => [.. settings.Values().Select(each => (each.Key, each.Value))];
}
