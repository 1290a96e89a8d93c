using System.Globalization;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Replay;

/// <summary>Reads and writes every exit's output for recorded samples as CSV: <c>index,label,pred1,entropy1,...</c>, the final exit
/// last. Samples of another exit rule name it in place of the entropy: <c>index,label,pred1,margin@1,...</c>.</summary>
public static class ExitsFile
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="byLabels">False judges by agreement in any case.</param>
    /// <returns>Judged by labels; where one is missing (-1), all are judged by agreement with the final exit.</returns>
    /// <exception cref="InvalidDataException">A header or row that is none of this; one line with file, line and value.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ExitCalibration Load(string path, bool byLabels = true)
    {
        using var reader = new StreamReader(path);
        return Parse(reader, Path.GetFileName(path), byLabels);
    }

    /// <summary>Reads the format of <see cref="Load"/>.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">Names the text in errors.</param>
    /// <param name="byLabels">False judges by agreement in any case.</param>
    /// <exception cref="InvalidDataException">As <see cref="Load"/>.</exception>
    public static ExitCalibration Parse(TextReader reader, string name, bool byLabels = true)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var rows = new CsvRows(reader, $"exits {name}");
        int exits = (rows.Header.Length - 2) / 2;
        ExitRule rule = exits < 1 ? default : RuleOf(rows.Header[3]);
        if (exits < 1 || !rows.Header.SequenceEqual(HeaderOf(exits, rule)))
            throw new InvalidDataException($"exits {name} has columns {string.Join(',', rows.Header)}, not index,label,pred1,entropy1,...");
        if (exits > ExitPolicy.MaxExits + 1)
            throw new InvalidDataException($"exits {name} has {exits} exits, at most {ExitPolicy.MaxExits + 1} are supported");
        var entropies = new List<float>();
        var answers = new List<int>();
        var labels = new List<int>();
        while (rows.Read())
        {
            int index = rows.Whole(0, 0, int.MaxValue);
            if (index != labels.Count) throw new InvalidDataException($"{rows.Where} is sample {index}, sample {labels.Count} is missing");
            labels.Add(rows.Whole(1, -1, 1_000_000));
            for (int exit = 0; exit < exits; exit++)
            {
                answers.Add(rows.Whole(2 + (2 * exit), 0, 1_000_000));
                // Rounding may carry a uniform guess just past 1.
                entropies.Add((float)Math.Min(1, rows.Number(3 + (2 * exit), 0, 1.0001)));
            }
        }
        if (labels.Count == 0) throw new InvalidDataException($"exits {name} has no samples");
        bool labelled = byLabels && labels.TrueForAll(label => label >= 0);
        var correct = new bool[answers.Count];
        for (int i = 0; i < correct.Length; i++)
        {
            int sample = i / exits;
            correct[i] = answers[i] == (labelled ? labels[sample] : answers[(sample * exits) + exits - 1]);
        }
        return new ExitCalibration(exits, [.. entropies], correct, name, labelled) { Rule = rule };
    }

    /// <summary>Writes recorded samples.</summary>
    /// <param name="writer">Receives the text.</param>
    /// <param name="recorder">Holds the samples.</param>
    /// <param name="exits">Exits per sample, the final one included.</param>
    public static void Write(TextWriter writer, ExitRecorder recorder, int exits)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Write(string.Join(',', HeaderOf(exits, recorder.Rule)) + "\n");
        for (int sample = 0; sample < recorder.Samples; sample++)
        {
            writer.Write($"{sample},{recorder.Label(sample)}");
            for (int exit = 1; exit <= exits; exit++)
                writer.Write(
                    string.Create(CultureInfo.InvariantCulture, $",{recorder.Class(sample, exit)},{recorder.Entropy(sample, exit)}"));
            writer.Write('\n');
        }
    }

    static string[] HeaderOf(int exits, ExitRule rule) =>
    [
        "index", "label",
        .. Enumerable.Range(1, exits).SelectMany(exit => new[] { $"pred{exit}", rule == default ? $"entropy{exit}" : $"{rule}@{exit}" }),
    ];

    static ExitRule RuleOf(string column) => ExitRule.TryParse(column.Split('@')[0], out ExitRule rule) ? rule : default;
}
