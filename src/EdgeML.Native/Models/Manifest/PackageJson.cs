using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EdgeML.Native.Models.Manifest;

/// <summary>JSON of a package's files, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ModelManifest))]
[JsonSerializable(typeof(DeviceProfile))]
[JsonSerializable(typeof(AccuracyGuarantee))]
[JsonSerializable(typeof(BottleneckSet))]
[JsonSerializable(typeof(SignatureFile))]
sealed partial class PackageJson : JsonSerializerContext
{
    internal const int MostBytes = 64 << 20;

    /// <exception cref="InvalidDataException">Too long, not JSON, or a key missing.</exception>
    internal static T Read<T>(string path, JsonTypeInfo<T> type) =>
        Parse(RegularFile.Read(path, MostBytes), Path.GetFileName(path), type);

    /// <inheritdoc cref="Read"/>
    internal static T Parse<T>(ReadOnlySpan<byte> bytes, string name, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, type) ?? throw new InvalidDataException($"{name} holds null");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or ArgumentException)
        {
            throw new InvalidDataException($"{name}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    internal static void WriteManifest(string folder, ModelManifest manifest)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest, Default.ModelManifest);
        File.WriteAllBytes(Path.Combine(folder, PackageFiles.ManifestName), json);
    }
}
