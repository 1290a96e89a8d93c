using System.Globalization;
using System.Text;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Packages;

/// <summary><see cref="ExitCalibration"/> as text: a line that describes it, then a line a sample with entropy and verdict of every
/// exit.</summary>
/// <remarks>Version 2 also names the model and its exits, each name percent-encoded, version 3 an exit rule other than entropy too. Version 1,
/// which does not, is read as well.</remarks>
static class CalibrationFile
{
    const string First = "edgeml-calibration 1", Second = "edgeml-calibration 2", Third = "edgeml-calibration 3";
    const int MostSamples = 10_000_000;

    internal static void Write(Stream stream, ExitCalibration calibration)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        string source = MessageText.OneLine(calibration.Source);
        string names = calibration.Model is null || calibration.ExitNames is null
            ? "" : $",model={calibration.Model},names={string.Join(';', calibration.ExitNames.Select(Uri.EscapeDataString))}";
        if (calibration.Rule != default)
            writer.WriteLine(
                $"{Third},exits={calibration.Exits},labelled={(calibration.Labelled ? 1 : 0)}{(names.Length > 0 ? names : ",model=,names=")},rule={calibration.Rule},source={source}");
        else writer.WriteLine(
            $"{(names.Length > 0 ? Second : First)},exits={calibration.Exits},labelled={(calibration.Labelled ? 1 : 0)}{names},source={source}");
        var line = new StringBuilder();
        for (int sample = 0; sample < calibration.Samples; sample++)
        {
            line.Clear();
            for (int exit = 1; exit <= calibration.Exits; exit++)
            {
                if (exit > 1) line.Append(',');
                line.Append(calibration.Entropy(sample, exit).ToString("R", CultureInfo.InvariantCulture))
                    .Append(calibration.IsCorrect(sample, exit) ? ",1" : ",0");
            }
            writer.WriteLine(line);
        }
    }

    /// <summary>Whether a value is a normalised entropy, rounding of the native side allowed for.</summary>
    internal static bool IsEntropy(float value) => value >= 0f && value <= 1.0001f;

    /// <exception cref="InvalidDataException">Another format, a line of another length, or an entropy outside 0..1.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static ExitCalibration Read(string path) => Parse(RegularFile.Read(path, Array.MaxLength), Path.GetFileName(path));

    /// <inheritdoc cref="Read" path="/exception[1]"/>
    internal static ExitCalibration Parse(byte[] bytes, string name)
    {
        using var reader = new StreamReader(new MemoryStream(bytes, writable: false), Encoding.UTF8);
        string first = reader.ReadLine() ?? "";
        bool ruled = first.StartsWith(Third + ",", StringComparison.Ordinal), named = ruled || first.StartsWith(Second + ",", StringComparison.Ordinal);
        string[] keys = ruled ? ["", "exits=", "labelled=", "model=", "names=", "rule=", "source="] : named ? ["", "exits=", "labelled=", "model=", "names=", "source="] : ["", "exits=", "labelled=", "source="];
        string[] head = first.Split(',', keys.Length);
        if (head.Length != keys.Length || head[0] != (ruled ? Third : named ? Second : First)
            || !head.Zip(keys).All(p => p.First.StartsWith(p.Second, StringComparison.Ordinal))
            || head[2] is not ("labelled=0" or "labelled=1")
            || !int.TryParse(head[1].AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out int exits) || exits is < 1 or > 64)
            throw new InvalidDataException($"{name}: line 1 is neither '{First},exits=N,labelled=0|1,source=TEXT' nor version 2 or 3 of it");
        var rule = ExitRule.Entropy;
        if (ruled && (!ExitRule.TryParse(head[5][5..], out rule) || rule == default))
            throw new InvalidDataException($"{name}: line 1 has the exit rule '{head[5][5..]}'");
        // A file of version 3 may leave them empty.
        named &= head.Length > 3 && head[3].Length > 6;
        string[]? names = named ? [.. head[4][6..].Split(';').Select(Uri.UnescapeDataString)] : null;
        if (names is not null && names.Length != exits)
            throw new InvalidDataException($"{name}: line 1 names {names.Length} exits of {exits}");
        var entropies = new List<float>();
        var correct = new List<bool>();
        for (int number = 2; reader.ReadLine() is { } line; number++)
        {
            if (number - 2 == MostSamples) throw new InvalidDataException($"{name} has more than {MostSamples} samples");
            string[] fields = line.Split(',');
            if (fields.Length != 2 * exits)
                throw new InvalidDataException($"{name}: line {number} has {fields.Length} fields, {2 * exits} are expected");
            for (int e = 0; e < exits; e++)
            {
                if (!float.TryParse(fields[2 * e], NumberStyles.Float, CultureInfo.InvariantCulture, out float entropy)
                    || !IsEntropy(entropy))
                    throw new InvalidDataException($"{name}: line {number} has the entropy '{fields[2 * e]}', not a number in 0..1");
                if (fields[(2 * e) + 1] is not ("0" or "1"))
                    throw new InvalidDataException($"{name}: line {number} has the verdict '{fields[(2 * e) + 1]}', not 0 or 1");
                entropies.Add(entropy);
                correct.Add(fields[(2 * e) + 1] == "1");
            }
        }
        if (entropies.Count == 0) throw new InvalidDataException($"{name} holds no samples");
        return new ExitCalibration(exits, [.. entropies], [.. correct], head[^1][7..], head[2] == "labelled=1")
        {
            Rule = rule,
            Model = named ? head[3][6..] : null,
            ExitNames = names,
        };
    }
}
