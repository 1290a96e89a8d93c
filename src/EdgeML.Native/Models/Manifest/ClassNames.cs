using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EdgeML.Native.Models.Manifest;

/// <summary>Reads names of classes as files and model metadata hold them.</summary>
/// <remarks>
/// Understood are a list (<c>["cat", "dog"]</c>), a map from index to name (<c>{"0": "cat", "1": "dog"}</c>), a map from name to index, a
/// JSON object with such a value under <c>id2label</c>, <c>label2id</c>, <c>names</c>, <c>classes</c>, <c>labels</c> or
/// <c>class_names</c>, the same as Python writes them, and plain text with one name per line.
/// </remarks>
public static class ClassNames
{
    const long MostBytes = 16 << 20;

    /// <summary>The metadata key of this project: a JSON list, or names separated by commas.</summary>
    internal const string MetadataKey = "edgeml.classes";

    static readonly string[] s_keys = ["id2label", "label2id", "names", "classes", "labels", "class_names"];

    /// <summary>Reads a file: JSON where it begins with a bracket or a brace, else one name per line; the name of line i is class
    /// i - 1.</summary>
    /// <param name="path">UTF-8. Empty lines at the end are left out.</param>
    /// <returns>By class, from 0.</returns>
    /// <exception cref="InvalidDataException">It names no classes; one line gives the reason.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file of class names {path}", path);
        long length = new FileInfo(path).Length;
        if (length > MostBytes) throw new InvalidDataException($"{path} has {length} bytes, class names take at most {MostBytes}");
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF');
            return IsStructured(text) ? Structured(text) : Lines(text);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or ArgumentException)
        {
            throw new InvalidDataException($"class names in {path}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    /// <summary>The class names of a model's metadata.</summary>
    /// <param name="metadata">Key and value.</param>
    /// <param name="classes">How many classes the model tells apart.</param>
    /// <param name="note">Why a key that looks like class names was not used; null where none was left out.</param>
    /// <returns>Empty where there are none.</returns>
    /// <exception cref="InvalidDataException"><see cref="MetadataKey"/> is malformed.</exception>
    internal static IReadOnlyList<string> FromMetadata(
        IEnumerable<KeyValuePair<string, string>> metadata, int classes, out string? note)
    {
        note = null;
        var values = new Dictionary<string, string>();
        foreach ((string key, string value) in metadata) values.TryAdd(key, value);
        // The key <c>edgeml.classes</c> binds: a wrong count is an error, found where the manifest is made.
        if (values.TryGetValue(MetadataKey, out string? own)) return Own(own);
        foreach (string key in s_keys)
        {
            if (!values.TryGetValue(key, out string? text) || text.Trim().Length == 0) continue;
            string problem;
            try
            {
                IReadOnlyList<string> names = IsStructured(text) ? Structured(text) : Separated(text);
                if (names.Count == classes) return names;
                problem = $"{names.Count} names, the model tells {classes} classes apart";
            }
            catch (Exception e) when (e is InvalidDataException or JsonException)
            {
                problem = MessageText.OneLine(e.Message);
            }
            note ??= $"the metadata key '{key}' is not used for class names: {problem}";
        }
        return [];
    }

    /// <summary>Names as the value of <see cref="MetadataKey"/>; any name survives.</summary>
    internal static string ToMetadata(IReadOnlyList<string> names)
    {
        bool plain = names.All(name => name.Length > 0 && name.Trim() == name && name.AsSpan().IndexOfAny(",\r\n") < 0)
            && !IsStructured(names[0]);
        if (plain) return string.Join(',', names);
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartArray();
            foreach (string name in names) writer.WriteStringValue(name);
            writer.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    static IReadOnlyList<string> Own(string text)
    {
        try
        {
            return IsStructured(text) ? Structured(text) : text.Split(',', StringSplitOptions.TrimEntries);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException)
        {
            throw new InvalidDataException($"the metadata key '{MetadataKey}': {MessageText.OneLine(e.Message)}", e);
        }
    }

    static bool IsStructured(string text) => text.AsSpan().TrimStart() is ['[', ..] or ['{', ..];

    static List<string> Lines(string text)
    {
        List<string> lines = [.. text.Split('\n').Select(line => line.Trim())];
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        int empty = lines.IndexOf("");
        if (empty >= 0) throw new InvalidDataException($"line {empty + 1} is empty");
        return lines.Count > 0 ? lines : throw new InvalidDataException("there are none");
    }

    static List<string> Separated(string text) =>
        text.Contains('\n') ? Lines(text) : [.. text.Split(text.Contains(';') && !text.Contains(',') ? ';' : ',', StringSplitOptions.TrimEntries)];

    static IReadOnlyList<string> Structured(string text)
    {
        JsonDocument json;
        try
        {
            json = JsonDocument.Parse(text);
        }
        catch (JsonException) when (PythonLiteral.TryParse(text, out List<(string? Key, string Value)>? entries))
        {
            return FromEntries(entries);
        }
        try
        {
            using (json) return FromJson(json.RootElement);
        }
        catch (InvalidOperationException e)
        {
            // An escaped half of a character, which the parser leaves to the reader.
            throw new InvalidDataException("a name holds half of a character", e);
        }
    }

    static IReadOnlyList<string> FromJson(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Object)
        {
            foreach (string key in s_keys)
                if (root.TryGetProperty(key, out JsonElement inner) && inner.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                    return FromJson(inner);
            return FromEntries([.. root.EnumerateObject().Select(pair => ((string?)pair.Name, Scalar(pair.Value)))]);
        }
        return FromEntries([.. root.EnumerateArray().Select(item => ((string?)null, Scalar(item)))]);
    }

    static string Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number => value.GetRawText(),
        // ImageNet's lists give a synset before each name.
        JsonValueKind.Array when value.GetArrayLength() == 2 && value.EnumerateArray().All(part => part.ValueKind == JsonValueKind.String) =>
            value[1].GetString()!,
        _ => throw new InvalidDataException($"'{value.GetRawText()}' is no name"),
    };

    static string[] FromEntries(List<(string? Key, string Value)> entries)
    {
        if (entries.Count == 0) throw new InvalidDataException("there are none");
        if (entries[0].Key is null) return [.. entries.Select(entry => entry.Value)];
        // From index to name, or from name to index.
        bool byIndex = entries.All(entry => Index(entry.Key!) is not null);
        var names = new string?[entries.Count];
        foreach ((string? key, string value) in entries)
        {
            (string index, string name) = byIndex ? (key!, value) : (value, key!);
            if (Index(index) is not { } at || at >= names.Length)
                throw new InvalidDataException($"index '{index}' of '{name}' is not in 0..{names.Length - 1}");
            if (names[at] is { } other) throw new InvalidDataException($"index {at} has two names, '{other}' and '{name}'");
            names[at] = name;
        }
        return names!;
    }

    static int? Index(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;
}
