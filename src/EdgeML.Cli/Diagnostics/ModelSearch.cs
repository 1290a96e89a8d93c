using EdgeML.Native.Models;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Diagnostics;

/// <summary>Whether the shipped model is there and is the one that was committed; where engines are kept.</summary>
static class ModelSearch
{
    public static IEnumerable<Finding> Find()
    {
        yield return Model(ProjectFolders.ShippedModelPlaces);
        string engines = ProjectFolders.Engines;
        int packages = Directory.Exists(engines) ? Directory.GetDirectories(engines).Length : 0;
        yield return new Finding("model", "engines", true, packages == 0 ? "nothing prepared yet" : $"{packages} prepared", [engines]);
    }

    internal static Finding Model(IReadOnlyList<string> places)
    {
        string? path = places.FirstOrDefault(File.Exists);
        if (path is null) return new Finding("model", "shipped model", false, $"no {ProjectFolders.ShippedModelFile}", places);
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            string size = $"{path}, {bytes.Length / 1e6:0.00} MB";
            if (ExpectedDigest(path) is not { } expected)
                return new Finding("model", "shipped model", true, $"{size}, no checksum beside it", places);
            string digest = ContentHash.Of(bytes);
            return expected == digest ? new Finding("model", "shipped model", true, $"{size}, checksum as committed", places)
                : new Finding("model", "shipped model", false,
                    $"{size}, sha256 {digest[..12]}..., committed was {expected[..Math.Min(12, expected.Length)]}...", places);
        }
        catch (Exception error) when (error is DllNotFoundException or NotSupportedException)
        {
            return new Finding("model", "shipped model", true, $"{path}, its checksum cannot be read without libedgeml", places);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Finding("model", "shipped model", false, error.Message, places);
        }
    }

    // Lines as sha256sum writes them: digest, blanks, file name.
    static string? ExpectedDigest(string model)
    {
        string name = Path.GetFileName(model);
        foreach (string file in (ReadOnlySpan<string>)[model + ".sha256", Path.Combine(Path.GetDirectoryName(model)!, "SHA256SUMS")])
        {
            if (!File.Exists(file)) continue;
            foreach (string line in File.ReadLines(file))
            {
                string[] parts = line.Split((char[])[' ', '\t', '*'], StringSplitOptions.RemoveEmptyEntries);
                if (parts.Length >= 1 && (parts.Length == 1 || Path.GetFileName(parts[1]) == name)) return parts[0].ToLowerInvariant();
            }
        }
        return null;
    }
}
