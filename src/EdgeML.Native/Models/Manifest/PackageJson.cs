using System.Text.Json;
using System.Text.Json.Serialization;

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
sealed partial class PackageJson : JsonSerializerContext
{
    const int MostBytes = 64 << 20;

    /// <exception cref="InvalidDataException">Too long, not JSON, or a key missing.</exception>
    internal static T Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        string name = Path.GetFileName(path);
        long length = new FileInfo(path).Length;
        if (length > MostBytes) throw new InvalidDataException($"{name} has {length} bytes, at most {MostBytes} are expected");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type) ?? throw new InvalidDataException($"{name} holds null");
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
