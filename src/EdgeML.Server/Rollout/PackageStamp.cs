using System.Globalization;
using System.Text;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Server.Rollout;

/// <summary>Tells whether a package has changed, without reading all of it.</summary>
static class PackageStamp
{
    /// <summary>Differs after every change of the folder's files.</summary>
    /// <returns>Null where no package is there now.</returns>
    public static string? Of(string folder)
    {
        try
        {
            // The manifest names the other files with their digests; names, lengths and times tell of files that were added later.
            byte[] manifest = RegularFile.Read(Path.Combine(folder, PackageFiles.ManifestName), PackageJson.MostBytes);
            var text = new StringBuilder(ContentHash.Of(manifest));
            foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles().Where(file => !file.Name.StartsWith('.'))
                .OrderBy(file => file.Name, StringComparer.Ordinal))
                text.Append(CultureInfo.InvariantCulture, $"\n{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}");
            return text.ToString();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }
}
