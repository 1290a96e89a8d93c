using System.Globalization;

namespace EdgeML.Simulation.Links;

/// <summary>A recorded or drawn course of a link: levels that each hold until the next begins; after the last one the trace starts over.
/// Immutable.</summary>
public sealed class LinkTrace
{
    readonly LinkLevel[] _levels;

    /// <summary>Wraps levels.</summary>
    /// <param name="levels">In order of time, the first at second 0.</param>
    /// <param name="lastLevelSeconds">How long the last level holds; by default as long as the one before it, or for ever when it is the
    /// only one.</param>
    /// <exception cref="InvalidDataException">No level, a time that does not grow, a value that is negative or no number.</exception>
    public LinkTrace(IReadOnlyList<LinkLevel> levels, double? lastLevelSeconds = null)
    {
        ArgumentNullException.ThrowIfNull(levels);
        if (levels.Count == 0) throw new InvalidDataException("trace has no levels");
        for (int i = 0; i < levels.Count; i++) Check(levels, i, $"level {i + 1}");
        _levels = [.. levels];
        double last = lastLevelSeconds ?? (_levels.Length > 1 ? _levels[^1].Seconds - _levels[^2].Seconds : double.PositiveInfinity);
        if (!(last > 0)) throw new InvalidDataException($"last level of a trace holds {last} seconds");
        DurationSeconds = _levels[^1].Seconds + last;
    }

    /// <summary>The levels in order.</summary>
    public IReadOnlyList<LinkLevel> Levels => _levels;

    /// <summary>When the trace starts over; infinite for a single level.</summary>
    public double DurationSeconds { get; }

    /// <summary>A link that never changes.</summary>
    public static LinkTrace Constant(double mbps, double rttMs = double.NaN) => new([new LinkLevel(0, mbps, rttMs, 1)]);

    /// <summary>Reads a CSV file: columns <c>seconds,mbps</c>, optionally <c>rttMs</c> and <c>tailFactor</c>, with a header line.</summary>
    /// <exception cref="InvalidDataException">A line that is not a level, or levels out of order; names file and line.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static LinkTrace Load(string path)
    {
        using var reader = new StreamReader(path);
        return Parse(reader, Path.GetFileName(path));
    }

    /// <summary>Reads the format of <see cref="Load"/>.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">Names the text in errors.</param>
    /// <exception cref="InvalidDataException">As <see cref="Load"/>.</exception>
    public static LinkTrace Parse(TextReader reader, string name)
    {
        ArgumentNullException.ThrowIfNull(reader);
        string[] columns = (reader.ReadLine() ?? throw new InvalidDataException($"trace {name} is empty")).Trim().Split(',');
        int rtt = Array.IndexOf(columns, "rttMs");
        int factor = Array.IndexOf(columns, "tailFactor");
        int known = 2 + (rtt > 0 ? 1 : 0) + (factor > 0 ? 1 : 0);
        if (columns.Length < 2 || columns[0] != "seconds" || columns[1] != "mbps" || columns.Length != known)
            throw new InvalidDataException($"trace {name} has columns {string.Join(',', columns)}, not seconds,mbps[,rttMs][,tailFactor]");

        var levels = new List<LinkLevel>();
        int number = 1;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0 && reader.Peek() < 0) break;
            string where = $"trace {name} line {number}";
            string[] fields = line.Split(',');
            if (fields.Length != columns.Length)
                throw new InvalidDataException($"{where} has {fields.Length} fields, the header has {columns.Length}");
            levels.Add(new LinkLevel(
                Number(fields, 0, where), Number(fields, 1, where),
                rtt > 0 ? Number(fields, rtt, where) : double.NaN, factor > 0 ? Number(fields, factor, where) : 1));
            Check(levels, levels.Count - 1, where);
        }
        return levels.Count > 0 ? new LinkTrace(levels) : throw new InvalidDataException($"trace {name} has no levels");
    }

    /// <summary>The level in force at a time; times after the end wrap around, times before 0 count as 0.</summary>
    public LinkLevel At(double seconds) => _levels[IndexAt(Wrap(seconds))];

    /// <summary>How long the link takes to move some bits from a moment on, outages included.</summary>
    /// <param name="start">Second on the trace's clock.</param>
    /// <param name="bits">To be moved.</param>
    /// <returns>Seconds; infinite when the link never moves anything again.</returns>
    public double SecondsToSend(double start, double bits)
    {
        double at = Wrap(start);
        int index = IndexAt(at);
        double passed = 0;
        double idle = 0;
        if (!double.IsInfinity(DurationSeconds))
        {
            // Whole turns of the trace at once: there may be any number of them.
            double bitsATurn = 0;
            for (int i = 0; i < _levels.Length; i++)
                bitsATurn += _levels[i].Mbps * 1e6 * ((i + 1 < _levels.Length ? _levels[i + 1].Seconds : DurationSeconds) - _levels[i].Seconds);
            if (!(bitsATurn > 0)) return double.PositiveInfinity;
            double turns = Math.Floor(bits / bitsATurn);
            if (double.IsInfinity(turns)) return double.PositiveInfinity;
            if (turns > 1) (passed, bits) = ((turns - 1) * DurationSeconds, bits - ((turns - 1) * bitsATurn));
        }
        while (true)
        {
            double left = (index + 1 < _levels.Length ? _levels[index + 1].Seconds : DurationSeconds) - at;
            double rate = _levels[index].Mbps * 1e6;
            if (rate > 0 && bits <= rate * left) return passed + (bits / rate);
            idle = rate > 0 ? 0 : idle + left;
            if (idle > DurationSeconds || double.IsInfinity(left)) return double.PositiveInfinity;
            bits -= rate * left;
            passed += left;
            index = (index + 1) % _levels.Length;
            at = _levels[index].Seconds;
        }
    }

    double Wrap(double seconds) => seconds <= 0 ? 0 : double.IsInfinity(DurationSeconds) ? seconds : seconds % DurationSeconds;

    int IndexAt(double seconds)
    {
        (int low, int high) = (0, _levels.Length - 1);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_levels[middle].Seconds <= seconds) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    static double Number(string[] fields, int column, string where) =>
        double.TryParse(fields[column], NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value : throw new InvalidDataException($"{where} says '{fields[column].Trim()}' in column {column + 1}, not a number");

    static void Check(IReadOnlyList<LinkLevel> levels, int index, string where)
    {
        LinkLevel level = levels[index];
        if (!double.IsFinite(level.Seconds)) throw new InvalidDataException($"{where} is at second {level.Seconds}");
        if (index == 0 && level.Seconds != 0) throw new InvalidDataException($"{where} is the first and at second {level.Seconds}, not 0");
        if (index > 0 && level.Seconds <= levels[index - 1].Seconds)
            throw new InvalidDataException($"{where} is at second {level.Seconds}, not after second {levels[index - 1].Seconds}");
        if (!(double.IsFinite(level.Mbps) && level.Mbps >= 0)) throw new InvalidDataException($"{where} has a rate of {level.Mbps} Mbps");
        if (!double.IsNaN(level.RttMs) && !(double.IsFinite(level.RttMs) && level.RttMs >= 0))
            throw new InvalidDataException($"{where} has a round-trip time of {level.RttMs} ms");
        if (!(double.IsFinite(level.TailFactor) && level.TailFactor >= 1))
            throw new InvalidDataException($"{where} has a tail factor of {level.TailFactor}, below 1");
    }
}
