using System.Globalization;
using System.Text;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Replay;

/// <summary>Reads and writes profiles as CSV: <c>kind,index,name,after_unit,mmac,out_bytes_fp32,edge_ms_DEVICE,...,cloud_ms</c>.</summary>
/// <remarks>
/// First the input (index 0), then units 1, 2, ..., then the heads of side exits 1, 2, ... with the unit each follows. The last unit and
/// every head put out one float a class. Any number of edge devices, each in its own column.
/// </remarks>
public static class ProfileFile
{
    const string EdgePrefix = "edge_ms_";
    const string TailColumn = "cloud_ms";
    const double MostMs = 1e7;
    const int MostUnits = 10_000;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Which edge device's column; <c>tx2</c> reads <c>edge_ms_tx2</c>. Null for the only one there is.</param>
    /// <exception cref="InvalidDataException">Anything that does not make a network with its times; one line with file, line and
    /// value.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ReplayProfile Load(string path, string? device)
    {
        using var reader = new StreamReader(path);
        return Parse(reader, Path.GetFileName(path), device);
    }

    /// <summary>Reads the format of <see cref="Load"/>.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">Names the text in errors, and the network.</param>
    /// <param name="device">As in <see cref="Load"/>.</param>
    /// <exception cref="InvalidDataException">As <see cref="Load"/>.</exception>
    public static ReplayProfile Parse(TextReader reader, string name, string? device)
    {
        ArgumentNullException.ThrowIfNull(reader);
        string text = reader.ReadToEnd();
        var rows = new CsvRows(new StringReader(text), $"profile {name}");
        (int kind, int index) = (rows.Column("kind"), rows.Column("index"));
        (int label, int after) = (rows.Column("name"), rows.Column("after_unit"));
        (int mmac, int bytes, int tail) = (rows.Column("mmac"), rows.Column("out_bytes_fp32"), rows.Column(TailColumn));
        IEnumerable<string> columns = rows.Header.Where(column => column.StartsWith(EdgePrefix, StringComparison.Ordinal));
        string[] known = [.. columns.Select(column => column[EdgePrefix.Length..])];
        string list = string.Join(", ", known);
        if (device is null && known.Length > 1)
            throw new ArgumentException($"profile {name} has the devices {list}, one must be chosen");
        device ??= known.FirstOrDefault() ?? "";
        int edge = Array.IndexOf(rows.Header, EdgePrefix + device);
        if (edge < 0)
            throw new InvalidDataException($"profile {name} has no device '{device}', only {(known.Length == 0 ? "none" : list)}");
        var units = new List<UnitInfo>();
        var heads = new List<ExitInfo>();
        (List<double> edgeUnits, List<double> tailUnits, List<double> edgeHeads, List<double> tailHeads) = ([], [], [], []);
        int inputBytes = 0;
        while (rows.Read())
        {
            string what = rows[kind];
            if (what is not ("input" or "unit" or "head"))
                throw new InvalidDataException($"{rows.Where} is a '{what}', not input, unit or head");
            if ((what == "input") != (inputBytes == 0))
                throw new InvalidDataException(
                    inputBytes == 0 ? $"{rows.Where} is a {what}, before the input" : $"{rows.Where} is a second input");
            if (what == "unit" && heads.Count > 0) throw new InvalidDataException($"{rows.Where} is a unit, after head {heads.Count}");
            int expected = what switch { "input" => 0, "unit" => units.Count + 1, _ => heads.Count + 1 };
            int given = rows.Whole(index, 0, int.MaxValue);
            if (given != expected) throw new InvalidDataException($"{rows.Where} is {what} {given}, {what} {expected} is missing");
            if (units.Count == MostUnits)
                throw new InvalidDataException($"{rows.Where} is after {MostUnits} units, more than a network has");
            long macs = (long)Math.Round(rows.Number(mmac, 0, 1e9) * 1e6);
            int outBytes = rows.Whole(bytes, 4, 1 << 30);
            if (outBytes % 4 != 0) throw new InvalidDataException($"{rows.Where} puts out {outBytes} bytes, not whole floats");
            (double edgeMs, double tailMs) = (rows.Number(edge, 0, MostMs), rows.Number(tail, 0, MostMs));
            if (what != "head" && rows[after].Length > 0)
                throw new InvalidDataException($"{rows.Where} is no head but has after_unit {rows[after]}");
            switch (what)
            {
                case "input":
                    inputBytes = outBytes;
                    break;
                case "unit":
                    units.Add(new UnitInfo(expected, rows[label], macs, outBytes, [outBytes / 4]));
                    (edgeUnits, tailUnits) = (Added(edgeUnits, edgeMs), Added(tailUnits, tailMs));
                    break;
                default:
                    if (units.Count < 2) throw new InvalidDataException($"{rows.Where} is a head of a network with {units.Count} units");
                    int unit = rows.Whole(after, heads.Count > 0 ? heads[^1].AfterUnit : 1, units.Count - 1);
                    if (outBytes != units[^1].OutBytes)
                        throw new InvalidDataException($"{rows.Where} puts out {outBytes} bytes, the last unit {units[^1].OutBytes}");
                    heads.Add(new ExitInfo(expected, rows[label], unit, macs, 1, rows[label]));
                    (edgeHeads, tailHeads) = (Added(edgeHeads, edgeMs), Added(tailHeads, tailMs));
                    break;
            }
        }
        if (units.Count == 0) throw new InvalidDataException($"profile {name} has no units");
        if (units[^1].OutBytes < 8)
            throw new InvalidDataException($"profile {name} ends in {units[^1].OutBytes / 4} class, at least 2 are wanted");
        if (heads.Count > ExitPolicy.MaxExits)
            throw new InvalidDataException(
                $"profile {name} has {heads.Count} heads, at most {ExitPolicy.MaxExits} are supported");
        return new ReplayProfile(
            ManifestOf(Path.GetFileNameWithoutExtension(name), text, inputBytes, units, heads),
            new DeviceProfile { Device = device, UnitMs = edgeUnits, HeadMs = edgeHeads },
            new DeviceProfile { Device = "tail", UnitMs = tailUnits, HeadMs = tailHeads });
    }

    /// <summary>Writes a model's units and heads with the times of one edge device and a tail.</summary>
    /// <exception cref="ArgumentException">Times that do not fit the model, or a device name that is no part of a column name.</exception>
    public static void Write(TextWriter writer, ModelManifest manifest, DeviceProfile edge, DeviceProfile tail)
    {
        ArgumentNullException.ThrowIfNull(writer);
        CheckName(edge.Device);
        if (!Fits(edge, manifest) || !Fits(tail, manifest))
        {
            throw new ArgumentException(
                $"profile of {edge.Device} or {tail.Device} lacks some of the {manifest.Units.Count} units " +
                $"and {manifest.SideExits} heads of {manifest.Name}");
        }
        writer.Write($"kind,index,name,after_unit,mmac,out_bytes_fp32,{EdgePrefix}{edge.Device},{TailColumn}\n");
        writer.Write($"input,0,input,,0,{4L * manifest.Input.Elements},0,0\n");
        for (int i = 0; i < manifest.Units.Count; i++)
        {
            UnitInfo unit = manifest.Units[i];
            writer.Write(Line($"unit,{unit.Index},{Plain(unit.Name)},,{unit.Macs / 1e6},{Fp32Bytes(manifest, unit)},"));
            writer.Write(Line($"{edge.UnitMs[i]:0.######},{tail.UnitMs[i]:0.######}\n"));
        }
        for (int i = 0; i < manifest.SideExits; i++)
        {
            ExitInfo exit = manifest.Exits[i];
            writer.Write(Line($"head,{exit.Index},{Plain(exit.Name)},{exit.AfterUnit},{exit.Macs / 1e6},{4L * manifest.Classes},"));
            writer.Write(Line($"{edge.HeadMs[i]:0.######},{tail.HeadMs[i]:0.######}\n"));
        }
    }

    /// <summary>Refuses a device name that cannot stand in a column name: letters, digits, minus and underscore may.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    public static void CheckName(string device)
    {
        if (device.Length is 0 or > 40 || device.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
            throw new ArgumentException($"device name '{device}' is not 1 to 40 letters, digits, '-' or '_'");
    }

    static ModelManifest ManifestOf(string name, string text, int inputBytes, List<UnitInfo> units, List<ExitInfo> heads)
    {
        long[] bytes = [inputBytes / 4, .. units.Select(unit => unit.OutBytes)];
        bytes[^1] = 0;
        bool[] candidates = CandidateCuts.Choose([.. units.Select(unit => unit.Macs)], bytes, [.. heads.Select(head => head.AfterUnit)]);
        return new ModelManifest
        {
            Name = name,
            Hash = "sha256:" + ContentHash.Of(Encoding.UTF8.GetBytes(text)),
            // A source sends one byte per element.
            Input = new InputInfo([inputBytes / 4], "float32", 1 / 255.0),
            Classes = (int)(units[^1].OutBytes / 4),
            Units = units,
            Cuts = [.. bytes.Select(
                (size, k) => new CutInfo(k, size, candidates[k], k == units.Count ? "" : k == 0 ? "input" : units[k - 1].Name))],
            Exits = [.. heads, new ExitInfo(heads.Count + 1, "final", units.Count, 0, 1, units[^1].Name)],
        };
    }

    static long Fp32Bytes(ModelManifest manifest, UnitInfo unit) => 4 * unit.OutBytes / manifest.Cuts[unit.Index].ElementBytes;

    static bool Fits(DeviceProfile profile, ModelManifest manifest) =>
        profile.UnitMs.Count == manifest.Units.Count && profile.HeadMs.Count == manifest.SideExits;

    static List<double> Added(List<double> list, double value)
    {
        list.Add(value);
        return list;
    }

    static string Plain(string name) => name.Replace(',', '_').ReplaceLineEndings("_");

    static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);
}
