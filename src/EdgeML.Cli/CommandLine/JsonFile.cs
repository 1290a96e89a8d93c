using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EdgeML.Training.Data;

namespace EdgeML.Cli.CommandLine;

/// <summary>Writes the file of <c>--json</c>: one object, complete or not there at all; <c>-</c> is standard output.</summary>
static class JsonFile
{
    static readonly JsonWriterOptions s_options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a value through a source-generated contract (which decides on camelCase).</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> contract) => WriteTo(path, stream =>
    {
        using var writer = new Utf8JsonWriter(stream, s_options);
        JsonSerializer.Serialize(writer, value, contract);
    });

    static void WriteTo(string path, Action<Stream> write)
    {
        if (path != StandardOutput.Name)
        {
            OutputFile.Write(path, write);
            return;
        }
        using var whole = new MemoryStream();
        write(whole);
        whole.WriteByte((byte)'\n');
        try
        {
            using Stream output = StandardOutput.Open();
            output.Write(whole.GetBuffer().AsSpan(0, (int)whole.Length));
        }
        catch (IOException e) when (StandardOutput.HasLostReader(e))
        {
            // The reader has closed its end: it does not want the rest.
        }
    }
}
