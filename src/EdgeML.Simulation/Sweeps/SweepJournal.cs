using System.Globalization;
using System.Text;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Models;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Keeps finished runs of a sweep in a file, so that a sweep that was interrupted, or grew, runs only missing parts.</summary>
/// <remarks>
/// A line "program STAMP" before the runs of every build; then a line a run: a hash of all that it depends on, the numbers, and a semicolon
/// that says that the line is whole. Runs of other builds are found too, but apart, build by build: those of one count only where a run of
/// this build shows that nothing changed since that one. Any thread.
/// </remarks>
sealed class SweepJournal : IDisposable
{
    const string Head = "edgeml matrix journal 1;\n";
    const string Program = "program ";
    const int KeyDigits = 32;

    readonly Dictionary<string, SweepSample> _kept = [];
    readonly Dictionary<string, Dictionary<string, SweepSample>> _earlier = [];
    readonly StreamWriter _writer;
    readonly string _data;

    /// <summary>Opens or makes the file, and locks it against others.</summary>
    /// <param name="path">The file; one that is no journal is started over.</param>
    /// <param name="program">Stands for this build, see <see cref="ThisProgram"/>.</param>
    /// <param name="data">Stands for network and samples, see <see cref="HashOf"/>.</param>
    /// <param name="fresh">Start over whatever is there.</param>
    /// <exception cref="IOException">The file is in use, or cannot be written.</exception>
    public SweepJournal(string path, string program, string data, bool fresh = false)
    {
        _data = data;
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        long whole = 0;
        string last = "";
        if (!fresh)
        {
            using var reader = new StreamReader(stream, leaveOpen: true);
            string text = reader.ReadToEnd();
            if (text.StartsWith(Head, StringComparison.Ordinal)) (whole, last) = Take(text, program);
        }
        // Bytes after the last whole line are of an interrupted write.
        stream.SetLength(whole);
        stream.Position = whole;
        _writer = new StreamWriter(stream) { AutoFlush = true };
        if (whole == 0) _writer.Write(Head);
        if (last != program) _writer.Write($"{Program}{program};\n");
    }

    /// <summary>Stands for this build: equal code has equal ids, other code others.</summary>
    public static string ThisProgram { get; } = string.Concat(
        ((Type[])[typeof(SweepJournal), typeof(PolicyControllers)]).Select(type => type.Module.ModuleVersionId.ToString("N")));

    /// <summary>A digest of some files.</summary>
    public static string HashOf(params IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return string.Concat(files.Select(file => ContentHash.Of(File.ReadAllBytes(file))));
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    /// <summary>A run of this build, or null.</summary>
    internal SweepSample? Find(SweepCell cell, string row, int seed) => _kept.GetValueOrDefault(KeyOf(cell, row, seed));

    /// <summary>Whether another build ran the first seed.</summary>
    internal bool HasEarlier(SweepCell cell, string row) => _earlier.ContainsKey(KeyOf(cell, row, 1));

    /// <summary>A run of another build whose own first seed came out as given, or null.</summary>
    internal SweepSample? FindEarlier(SweepCell cell, string row, int seed, SweepSample first)
    {
        if (!_earlier.TryGetValue(KeyOf(cell, row, seed), out Dictionary<string, SweepSample>? runs)
            || !_earlier.TryGetValue(KeyOf(cell, row, 1), out Dictionary<string, SweepSample>? firsts)) return null;
        foreach ((string program, SweepSample sample) in runs)
        {
            // How long a run took, the first number, is no result of it.
            if (firsts.TryGetValue(program, out SweepSample? own) && own.ToNumbers().Skip(1).SequenceEqual(first.ToNumbers().Skip(1)))
                return sample;
        }
        return null;
    }

    internal void Add(SweepCell cell, string row, int seed, SweepSample sample)
    {
        string numbers = string.Join(' ', sample.ToNumbers().Select(number => number.ToString("R", CultureInfo.InvariantCulture)));
        string line = $"{KeyOf(cell, row, seed)} {numbers};\n";
        lock (_writer) _writer.Write(line);
    }

    string KeyOf(SweepCell cell, string row, int seed) =>
        ContentHash.Of(Encoding.UTF8.GetBytes($"{_data}|{cell.Key}|{row}|{seed}"))[..KeyDigits];

    /// <summary>Takes all whole lines; returns where the last one ends, and the build it is of.</summary>
    (int End, string Program) Take(string text, string program)
    {
        int from = Head.Length;
        string of = "";
        while (text.IndexOf(";\n", from, StringComparison.Ordinal) is var end && end >= 0)
        {
            string line = text[from..end];
            from = end + 2;
            if (line.StartsWith(Program, StringComparison.Ordinal))
            {
                of = line[Program.Length..];
                continue;
            }
            string[] fields = line.Split(' ');
            var numbers = new double[fields.Length - 1];
            bool sound = true;
            for (int i = 0; i < numbers.Length; i++)
                sound &= double.TryParse(fields[i + 1], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]);
            if (!sound || SweepSample.FromNumbers(numbers) is not { } sample) continue;
            if (of == program) _kept[fields[0]] = sample;
            else if (_earlier.TryGetValue(fields[0], out Dictionary<string, SweepSample>? runs)) runs[of] = sample;
            else _earlier[fields[0]] = new() { [of] = sample };
        }
        return (from, of);
    }
}
