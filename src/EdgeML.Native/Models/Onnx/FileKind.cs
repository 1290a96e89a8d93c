using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Onnx;

/// <summary>Recognises files that are given for ONNX files by mistake.</summary>
static class FileKind
{
    const string Export = "export the network to ONNX first";

    /// <summary>The kind of a folder, and the path to use instead.</summary>
    internal static string Folder(string path)
    {
        if (File.Exists(Path.Combine(path, "saved_model.pb")))
            return "a TensorFlow SavedModel, not an ONNX file; convert it, for instance with tf2onnx";
        if (File.Exists(Path.Combine(path, PackageFiles.ManifestName))) return "a package already, not an ONNX file";
        if (path.TrimEnd('/').EndsWith(".mlpackage", StringComparison.OrdinalIgnoreCase))
            return $"a Core ML package, not an ONNX file; {Export}";
        string[] models = [.. Directory.EnumerateFiles(path, "*.onnx").Select(Path.GetFileName).OfType<string>().Order().Take(3)];
        return models.Length > 0
            ? $"a folder, not an ONNX file; name a file in it, for instance {models[0]}"
            : "a folder without an ONNX file in it";
    }

    /// <summary>Describes a Git LFS pointer; null for other files.</summary>
    internal static string? LfsPointer(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("version https://git-lfs.github.com/spec/"u8)) return null;
        string? size = Encoding.UTF8.GetString(head).Split('\n').FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal));
        string bytes = size is not null && long.TryParse(size.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            ? $" to {count} bytes" : "";
        return $"a Git LFS pointer{bytes}, not the file itself; run 'git lfs pull' where it was cloned";
    }

    /// <summary>The kind of a file that is no ONNX file, with a remedy; null for files that may be ONNX.</summary>
    /// <param name="head">First bytes.</param>
    /// <param name="length">Of the file.</param>
    /// <param name="path">For its extension.</param>
    internal static string? OtherThanOnnx(ReadOnlySpan<byte> head, long length, string path)
    {
        if (length == 0) return "the file is empty or not a regular file; not an ONNX model, or a download that failed";
        if (LfsPointer(head) is { } pointer) return pointer;
        ReadOnlySpan<byte> fourth = head.Length >= 8 ? head[4..8] : [];
        if (fourth.SequenceEqual("ORTM"u8))
            return "a model in ONNX Runtime's own format (.ort), which cannot be divided; prepare the .onnx file it was made from";
        if (fourth.SequenceEqual("TFL3"u8)) return "a TensorFlow Lite model, not an ONNX file; convert it, for instance with tf2onnx";
        if (head.StartsWith("PK\u0003\u0004"u8))
            return head.IndexOf("data.pkl"u8) >= 0 || head.IndexOf("constants.pkl"u8) >= 0 || Extension(path) is ".pt" or ".pth" or ".bin"
                ? "a PyTorch file, not an ONNX file; export the network with torch.onnx.export"
                : Extension(path) is ".keras" ? "a Keras file, not an ONNX file; convert it, for instance with tf2onnx"
                : "a zip archive, not an ONNX file; unpack it, or export the network to ONNX if it is a checkpoint";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x80, 2]) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 3])
            || head.StartsWith((ReadOnlySpan<byte>)[0x80, 4]) || head.StartsWith((ReadOnlySpan<byte>)[0x80, 5]))
            return $"a Python pickle (a PyTorch or scikit-learn file?), not an ONNX file; {Export}";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'H', (byte)'D', (byte)'F']))
            return "an HDF5 file (a Keras model?), not an ONNX file; convert it, for instance with tf2onnx";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) || head.StartsWith("BZh"u8)
            || head.StartsWith((ReadOnlySpan<byte>)[0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'])
            || head.StartsWith((ReadOnlySpan<byte>)[(byte)'7', (byte)'z', 0xbc, 0xaf])
            || head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]))
            return "a compressed file, not an ONNX file; unpack it first";
        if (head.StartsWith("GGUF"u8)) return $"a GGUF model, not an ONNX file; {Export}";
        if (head.StartsWith("ptrt"u8) || head.StartsWith("ftrt"u8))
            return "a TensorRT engine, which cannot be divided; prepare the .onnx file it was built from";
        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G'])
            || head.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8, 0xff]))
            return "a picture, not an ONNX file";
        if (length > 8 && head.Length > 9 && head[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(head) < (ulong)length)
            return $"a safetensors file, which holds weights and no graph; {Export}";
        return Text(head) ?? ByExtension(path);
    }

    static string? Text(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> text = head.StartsWith((ReadOnlySpan<byte>)[0xef, 0xbb, 0xbf]) ? head[3..] : head;
        text = text.TrimStart(" \t\r\n"u8);
        foreach (byte b in text[..Math.Min(text.Length, 256)])
            if (b is < 32 and not (9 or 10 or 13) || b == 127) return null;
        string start = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 256)]);
        if (start.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase)
            || start.StartsWith("<html", StringComparison.OrdinalIgnoreCase))
            return "an HTML page, not an ONNX file; perhaps the error or login page of a download";
        if (start.StartsWith("<?xml", StringComparison.Ordinal) || start.StartsWith("<net", StringComparison.Ordinal))
            return $"an XML file (an OpenVINO model?), not an ONNX file; {Export}";
        if (start.StartsWith('{') || start.StartsWith('[')) return "JSON, not an ONNX file";
        if (start.StartsWith("ir_version", StringComparison.Ordinal) || start.StartsWith("graph {", StringComparison.Ordinal))
            return "an ONNX model as text; save it in ONNX's binary form";
        return start.Length >= 16 ? "not an ONNX file but a text" : null;
    }

    static string? ByExtension(string path) => Extension(path) switch
    {
        ".pt" or ".pth" => "a PyTorch file, not an ONNX file; export the network with torch.onnx.export",
        ".mlmodel" => $"a Core ML model, not an ONNX file; {Export}",
        ".caffemodel" => $"a Caffe model, not an ONNX file; {Export}",
        ".pdmodel" => "a Paddle model, not an ONNX file; convert it with paddle2onnx",
        _ => Path.GetFileName(path) == "saved_model.pb"
            ? "a TensorFlow SavedModel, not an ONNX file; convert it, for instance with tf2onnx" : null,
    };

    static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();
}
