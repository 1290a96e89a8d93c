using System.Globalization;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Replay;

/// <summary>How a link behaves over a replay: levels that change at given tasks, as in the paper's experiments, or a recorded
/// trace.</summary>
/// <remarks>
/// <c>constant:15</c>; <c>square:15,6,tasks=500</c> (the levels in turn, 500 tasks each); <c>steps:15,7@200,15@400</c> (a new level from
/// that task on); <c>paper:s2</c> and <c>paper:s3</c>; or a CSV file of <c>seconds,mbps</c>. Rates in Mbps, 0 is an outage.
/// </remarks>
public sealed class LinkCourse
{
    const double MostMbps = 1e6;
    readonly LinkTrace? _trace;
    readonly double[] _mbps;
    readonly int[] _from;
    readonly int _period;
    readonly double _rttMs;

    LinkCourse(string spec, double rttMs, LinkTrace? trace, double[] mbps, int[] from, int period)
    {
        (Spec, _rttMs, _trace, _mbps, _from, _period) = (spec, rttMs, trace, mbps, from, period);
    }

    /// <summary>As it was given.</summary>
    public string Spec { get; }

    /// <summary>Whether the levels change at tasks, so that the tasks until bounds are met again can be counted.</summary>
    public bool ChangesByTask => _mbps.Length > 1;

    /// <summary>A link from its specification.</summary>
    /// <param name="spec">See the type.</param>
    /// <param name="rttMs">Round-trip time; NaN takes the trace's, or 0 where it has none.</param>
    /// <exception cref="ArgumentException">No link and no file.</exception>
    /// <exception cref="InvalidDataException">A trace that is not one.</exception>
    public static LinkCourse Parse(string spec, double rttMs = double.NaN)
    {
        ArgumentNullException.ThrowIfNull(spec);
        int colon = spec.IndexOf(':', StringComparison.Ordinal);
        string rest = spec[(colon + 1)..];
        return (colon < 0 ? "" : spec[..colon]) switch
        {
            "constant" => new LinkCourse(spec, rttMs, null, [Mbps(rest, spec)], [0], 0),
            "square" => Square(spec, rest, rttMs),
            "steps" => Steps(spec, rest, rttMs),
            "paper" when rest == "s2" => Square(spec, "15,6,tasks=500", rttMs),
            "paper" when rest == "s3" => Steps(spec, "15,7@200,15@400,7@600,15@800", rttMs),
            _ when File.Exists(spec) => new LinkCourse(spec, rttMs, LinkTrace.Load(spec), [], [], 0),
            _ => throw new ArgumentException(
                $"link '{spec}' is no file and none of constant:MBPS, square:MBPS,MBPS,tasks=N, steps:MBPS,MBPS@TASK,..., " +
                "paper:s2, paper:s3"),
        };
    }

    /// <summary>The link at a moment of virtual time and a task.</summary>
    public VirtualLink At(double seconds, int task)
    {
        if (_trace is null) return new VirtualLink(_mbps[LevelOf(task)] * 1e6, double.IsNaN(_rttMs) ? 0 : _rttMs);
        LinkLevel level = _trace.At(seconds);
        double rttMs = !double.IsNaN(_rttMs) ? _rttMs : double.IsNaN(level.RttMs) ? 0 : level.RttMs;
        return new VirtualLink(level.Mbps * 1e6, rttMs, level.TailFactor);
    }

    /// <summary>Tasks at which the level changes, below a number of tasks; empty for a trace.</summary>
    public IReadOnlyList<int> ChangesBefore(int tasks)
    {
        var changes = new List<int>();
        if (!ChangesByTask) return changes;
        if (_period > 0)
        {
            for (int task = _period; task < tasks; task += _period) changes.Add(task);
        }
        else
        {
            changes.AddRange(_from.Skip(1).Where(task => task < tasks));
        }
        return changes;
    }

    /// <summary>The mean of the link over a number of tasks, or over a whole trace, as known before a run.</summary>
    public VirtualLink Mean(int tasks)
    {
        (double rate, double rtt, double weight) = (0, 0, 0);
        void Add(VirtualLink link, double share) =>
            (rate, rtt, weight) = (rate + (share * link.RateBitsPerSecond), rtt + (share * link.RttMs), weight + share);
        if (_trace is null)
        {
            int[] starts = [0, .. ChangesBefore(tasks)];
            for (int i = 0; i < starts.Length; i++) Add(At(0, starts[i]), (i + 1 < starts.Length ? starts[i + 1] : tasks) - starts[i]);
        }
        else if (_trace.Levels.Count == 1)
        {
            return At(0, 0);
        }
        else
        {
            IReadOnlyList<LinkLevel> levels = _trace.Levels;
            for (int i = 0; i < levels.Count; i++)
                Add(At(levels[i].Seconds, 0), (i + 1 < levels.Count ? levels[i + 1].Seconds : _trace.DurationSeconds) - levels[i].Seconds);
        }
        return new VirtualLink(rate / weight, rtt / weight);
    }

    int LevelOf(int task)
    {
        if (_period > 0) return task / _period % _mbps.Length;
        int level = _from.Length - 1;
        while (_from[level] > task) level--;
        return level;
    }

    static LinkCourse Square(string spec, string rest, double rttMs)
    {
        const string Tasks = "tasks=";
        string[] parts = rest.Split(',');
        int period = 0;
        if (parts.Length < 3 || !parts[^1].StartsWith(Tasks, StringComparison.Ordinal)
            || !int.TryParse(parts[^1].AsSpan(Tasks.Length), NumberStyles.None, CultureInfo.InvariantCulture, out period) || period < 1)
            throw new ArgumentException($"link '{spec}' is not square:MBPS,MBPS,tasks=N");
        return new LinkCourse(spec, rttMs, null, [.. parts.SkipLast(1).Select(part => Mbps(part, spec))], [], period);
    }

    static LinkCourse Steps(string spec, string rest, double rttMs)
    {
        var mbps = new List<double>();
        var from = new List<int>();
        foreach (string part in rest.Split(','))
        {
            int at = part.IndexOf('@', StringComparison.Ordinal);
            int task = 0;
            if (at >= 0 && !int.TryParse(part.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out task))
                throw new ArgumentException($"link '{spec}' says '{part}', not MBPS@TASK");
            if (from.Count == 0 && task != 0) throw new ArgumentException($"link '{spec}' says '{part}', the first level starts at task 0");
            if (from.Count > 0 && (at < 0 || task <= from[^1]))
                throw new ArgumentException($"link '{spec}' says '{part}', which does not start after task {from[^1]}");
            mbps.Add(Mbps(at < 0 ? part : part[..at], spec));
            from.Add(task);
        }
        return new LinkCourse(spec, rttMs, null, [.. mbps], [.. from], 0);
    }

    static double Mbps(string text, string spec) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double mbps) && mbps >= 0 && mbps <= MostMbps
            ? mbps
            : throw new ArgumentException(FormattableString.Invariant($"link '{spec}' has a rate of '{text}', not 0..{MostMbps} Mbps"));
}
