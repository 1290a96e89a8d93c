using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeML.Native;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Configuration;

/// <summary>Reads JSON into objects by their source-generated contract and continues after every fault, so that all of them are
/// found.</summary>
/// <param name="text">The whole text, UTF-8.</param>
/// <param name="trace">Receives places and faults.</param>
/// <param name="sourceOf">Names the place of a byte.</param>
sealed class ConfigurationReader(byte[] text, ConfigurationTrace trace, Func<long, string> sourceOf)
{
    static readonly JsonReaderOptions s_options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads a file's text.</summary>
    /// <returns>All that can be read; an empty configuration where it is no JSON.</returns>
    public static ServeConfiguration ReadFile(string name, byte[] text, ConfigurationTrace trace)
    {
        if (text.AsSpan().StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];
        return (ServeConfiguration?)new ConfigurationReader(text, trace, LineOf).Read(ServeJson.Default.ServeConfiguration, "")
            ?? new ServeConfiguration();

        string LineOf(long at) => $"{name}:{1 + text.AsSpan(0, (int)Math.Min(at, text.Length)).Count((byte)'\n')}";
    }

    /// <summary>Reads the text as one value.</summary>
    /// <param name="contract">Of the value's type.</param>
    /// <param name="key">Where it belongs; empty for the whole.</param>
    /// <returns>Null where it cannot be read; the trace says why.</returns>
    public object? Read(JsonTypeInfo contract, string key)
    {
        var json = new Utf8JsonReader(text, s_options);
        try
        {
            if (!json.Read()) return null;
            object? value = Value(ref json, contract, key);
            // What follows the value is refused by the library.
            json.Read();
            return value;
        }
        catch (JsonException e)
        {
            string reason = e.Message[..(e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal) is > 0 and int end ? end : e.Message.Length)];
            trace.Refuse(key, sourceOf(Offset(e)), $"{(key.Length == 0 ? "" : $"{key}: ")}not JSON: {MessageText.OneLine(reason)}");
            return null;
        }
        catch (InvalidOperationException)
        {
            // The library leaves it to those who take a text whether it is one.
            string name = key.Length == 0 ? "" : $"{key}: ";
            trace.Refuse(key, sourceOf(json.TokenStartIndex), $"{name}a text is not UTF-8, or an escape in it is half of a character");
            return null;
        }
    }

    object? Value(ref Utf8JsonReader json, JsonTypeInfo contract, string key)
    {
        string source = sourceOf(json.TokenStartIndex);
        if (key.Length > 0) trace.Given(key, source);
        switch (contract.Kind)
        {
            case JsonTypeInfoKind.Object when json.TokenType == JsonTokenType.StartObject: return Section(ref json, contract, key);
            case JsonTypeInfoKind.Dictionary when json.TokenType == JsonTokenType.StartObject: return Named(ref json, contract, key);
            case JsonTypeInfoKind.Enumerable when json.TokenType == JsonTokenType.StartArray: return Items(ref json, contract, key);
            // One value is a list of one.
            case JsonTypeInfoKind.Enumerable when json.TokenType == JsonTokenType.String:
                var one = (IList)contract.CreateObject!();
                if (Value(ref json, ItemOf(contract), $"{key}[0]") is { } item) one.Add(item);
                return one;
            case JsonTypeInfoKind.None when json.TokenType is not (JsonTokenType.Null or JsonTokenType.StartObject or JsonTokenType.StartArray):
                return Scalar(ref json, contract, key, source);
            default:
                RefuseValue(ref json, contract, key, source);
                return null;
        }
    }

    object? Scalar(ref Utf8JsonReader json, JsonTypeInfo contract, string key, string source)
    {
        try
        {
            return JsonSerializer.Deserialize(ref json, contract);
        }
        catch (JsonException)
        {
            // The library leaves the reader where it was.
            RefuseValue(ref json, contract, key, source);
            return null;
        }
    }

    object Section(ref Utf8JsonReader json, JsonTypeInfo contract, string key)
    {
        object section = contract.CreateObject!();
        var seen = new HashSet<string>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            (string name, string source) = (json.GetString()!, sourceOf(json.TokenStartIndex));
            string full = Join(key, name);
            json.Read();
            if (contract.Properties.FirstOrDefault(each => each.Name == name) is not { } property)
            {
                trace.Refuse(full, source, $"unknown key '{Shown(full)}'{NearestName.Hint(name, contract.Properties.Select(each => each.Name))}");
                json.Skip();
                continue;
            }
            object? value = Value(ref json, ContractOf(property.PropertyType), full);
            if (!seen.Add(name)) trace.Refuse(full, source, $"{full} is written twice");
            else if (value is not null) property.Set!(section, value);
        }
        return section;
    }

    object Named(ref Utf8JsonReader json, JsonTypeInfo contract, string key)
    {
        var all = (IDictionary)contract.CreateObject!();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            (string name, string source) = (json.GetString()!, sourceOf(json.TokenStartIndex));
            string full = Join(key, name);
            json.Read();
            bool isTwice = trace.IsGiven(full) && all.Contains(name);
            object? value = Value(ref json, ItemOf(contract), full);
            if (isTwice) trace.Refuse(full, source, $"{Shown(full)} is written twice");
            else if (value is not null) all[name] = value;
        }
        return all;
    }

    object Items(ref Utf8JsonReader json, JsonTypeInfo contract, string key)
    {
        var items = (IList)contract.CreateObject!();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            if (Value(ref json, ItemOf(contract), $"{key}[{items.Count}]") is { } item) items.Add(item);
        return items;
    }

    void RefuseValue(ref Utf8JsonReader json, JsonTypeInfo contract, string key, string source)
    {
        string written = json.TokenType switch
        {
            JsonTokenType.StartObject => "an object",
            JsonTokenType.StartArray => "a list",
            JsonTokenType.String => $"'{Shown(json.GetString()!)}'",
            _ => Encoding.UTF8.GetString(json.ValueSpan),
        };
        trace.Refuse(key, source, $"{(key.Length == 0 ? "the configuration" : Shown(key))} is {written}, not {Wanted(contract)}");
        json.Skip();
    }

    static string Wanted(JsonTypeInfo contract)
    {
        Type type = Nullable.GetUnderlyingType(contract.Type) ?? contract.Type;
        if (contract.Kind == JsonTypeInfoKind.Enumerable) return "text or a list of texts";
        if (contract.Kind != JsonTypeInfoKind.None) return "an object in braces";
        if (type.IsEnum) return $"one of {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName))}";
        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => "true or false",
            TypeCode.Int32 => $"a whole number up to {int.MaxValue}",
            TypeCode.Int64 => "a whole number",
            TypeCode.Double => "a number",
            _ => "text in quotation marks",
        };
    }

    static string Join(string key, string name) => key.Length == 0 ? name : $"{key}.{name}";

    // Written by an operator, shown on one line.
    static string Shown(string text) => Printable.Text(text);

    static JsonTypeInfo ItemOf(JsonTypeInfo contract) => ContractOf(contract.Type.GenericTypeArguments[^1]);

    static JsonTypeInfo ContractOf(Type type) => ServeJson.Default.GetTypeInfo(type)!;

    long Offset(JsonException fault)
    {
        int at = 0;
        for (long line = fault.LineNumber ?? 0; line > 0 && text.AsSpan(at).IndexOf((byte)'\n') is >= 0 and int end; line--) at += end + 1;
        return at;
    }
}
