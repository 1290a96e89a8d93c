using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeML.Native;

namespace EdgeML.Server.Configuration;

/// <summary>Values for single keys from environment variables and options, over those of the file.</summary>
static class ConfigurationOverrides
{
    /// <summary>How the names of the variables begin.</summary>
    public const string Prefix = "EDGEML_SERVE_";

    /// <summary>Every key that a variable may set: all but those inside <c>models</c>, <c>identities</c> and <c>compute</c>, which are set whole.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. KeysOf(ServeJson.Default.ServeConfiguration, "")];

    /// <summary>The variable of a key: <c>limits.maxInFlight</c> is <c>EDGEML_SERVE_LIMITS_MAX_IN_FLIGHT</c>.</summary>
    public static string VariableOf(string key)
    {
        var name = new StringBuilder(Prefix);
        foreach (char c in key)
        {
            if (char.IsUpper(c)) name.Append('_');
            name.Append(c == '.' ? '_' : char.ToUpperInvariant(c));
        }
        return name.ToString();
    }

    /// <summary>Takes every variable that begins with <see cref="Prefix"/>; one that names no key is a fault.</summary>
    public static void TakeVariables(ServeConfiguration target, IEnumerable<KeyValuePair<string, string>> environment, ConfigurationTrace trace)
    {
        foreach ((string variable, string value) in environment.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            if (!variable.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            if (Keys.FirstOrDefault(key => VariableOf(key) == variable) is { } known) Set(target, known, value, variable, trace);
            else trace.Refuse(variable, variable, $"is the variable of no key{NearestName.Hint(variable, Keys.Select(VariableOf))}");
        }
    }

    /// <summary>Sets one key.</summary>
    /// <param name="target">Changed.</param>
    /// <param name="key">As in the file, sections before it with dots.</param>
    /// <param name="value">As text; of a section with names of its user's, JSON.</param>
    /// <param name="source">The variable or option, for messages.</param>
    /// <param name="trace">Receives place and faults.</param>
    public static void Set(ServeConfiguration target, string key, string value, string source, ConfigurationTrace trace)
    {
        string[] path = key.Split('.');
        object section = target;
        JsonTypeInfo contract = ServeJson.Default.ServeConfiguration;
        for (int i = 0; i < path.Length; i++)
        {
            JsonPropertyInfo property = contract.Properties.First(each => each.Name == path[i]);
            JsonTypeInfo own = ServeJson.Default.GetTypeInfo(property.PropertyType)!;
            if (i == path.Length - 1)
            {
                var reader = new ConfigurationReader(Encoding.UTF8.GetBytes(IsQuoted(own, value) ? Quoted(value) : value), trace, _ => source);
                if (reader.Read(own, key) is { } read) property.Set!(section, read);
                return;
            }
            object? inner = property.Get!(section);
            if (inner is null) property.Set!(section, inner = own.CreateObject!());
            (section, contract) = (inner, own);
        }
    }

    /// <summary>Text is written without quotation marks here. What is no number either is read as text, for the message.</summary>
    static bool IsQuoted(JsonTypeInfo contract, string value)
    {
        if (contract.Kind == JsonTypeInfoKind.Enumerable) return !value.TrimStart().StartsWith('[');
        if (contract.Kind != JsonTypeInfoKind.None) return false;
        Type type = Nullable.GetUnderlyingType(contract.Type) ?? contract.Type;
        return type.IsEnum || type == typeof(string)
            || !(value is "true" or "false" || double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
    }

    static string Quoted(string value) => $"\"{JsonEncodedText.Encode(value)}\"";

    static IEnumerable<string> KeysOf(JsonTypeInfo contract, string before) => contract.Properties.SelectMany(property =>
    {
        JsonTypeInfo own = ServeJson.Default.GetTypeInfo(property.PropertyType)!;
        string key = before + property.Name;
        return own.Kind == JsonTypeInfoKind.Object ? KeysOf(own, $"{key}.") : [key];
    });
}
