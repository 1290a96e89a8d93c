using System.Text.Json;
using System.Text.Json.Serialization;

namespace EdgeML.Cli.CommandLine;

/// <summary>A number with at most nine decimals, or null where it is NaN or infinite, which JSON cannot say.</summary>
sealed class FiniteNumber : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(Math.Round(value, 9));
        else writer.WriteNullValue();
    }
}

/// <summary>Finite numbers with all of their decimals.</summary>
sealed class ExactNumbers : JsonConverter<IReadOnlyList<double>>
{
    public override IReadOnlyList<double> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<double> value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (double number in value) writer.WriteNumberValue(number);
        writer.WriteEndArray();
    }
}
