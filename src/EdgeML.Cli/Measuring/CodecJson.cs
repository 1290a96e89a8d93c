using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Measuring;

/// <summary>The output of <c>codecs --json</c>, keys in this order.</summary>
sealed record CodecJson(string Model, string Data, int Samples, double Accuracy, IReadOnlyList<CodecRowJson> Rows);

/// <summary>A codec at a cut: payload bytes and shares of the samples.</summary>
sealed record CodecRowJson(int Cut, string Codec, long Bytes, double Accuracy, double Lost, double Differs);

/// <summary>JSON of codecs, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(CodecJson))]
sealed partial class CodecJsonContract : JsonSerializerContext;
