using System.Globalization;
using System.Text;

namespace EdgeML.Native.Models.Manifest;

/// <summary>The contents of a package's <c>signature.json</c>.</summary>
/// <param name="Format">Version of this file.</param>
/// <param name="Key">Id of the public key: <c>sha256:</c> and the digest of its DER form.</param>
/// <param name="Files">All files that loading reads, by name.</param>
/// <param name="Signature">ECDSA over the SHA-256 of <see cref="Statement"/>, DER in base64.</param>
sealed record SignatureFile(int Format, string Key, IReadOnlyList<PackageFile> Files, string Signature)
{
    internal const int CurrentFormat = 1;

    const int MostBytes = 64 << 10;

    /// <summary>The signed bytes: a first line with the purpose, then a line per file.</summary>
    internal byte[] Statement()
    {
        var text = new StringBuilder("edgeml package 1\n");
        foreach (PackageFile file in Files) text.Append(CultureInfo.InvariantCulture, $"{file.Sha256} {file.Bytes} {file.Name}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <exception cref="InvalidDataException">Not such a file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static SignatureFile Read(string path)
    {
        SignatureFile read = PackageJson.Parse(
            RegularFile.Read(path, MostBytes), PackageFiles.SignatureName, PackageJson.Default.SignatureFile);
        Require(read.Format == CurrentFormat, $"format {read.Format}, this library reads {CurrentFormat}");
        // With these names only, in this order, two lists cannot make the same statement.
        Require(
            !read.Files.Contains(null!) && read.Files.Select(file => file.Name).SequenceEqual(
                PackageFiles.Loaded.Order(StringComparer.Ordinal).Where(name => read.Files.Any(file => file.Name == name))),
            "the list of files is not one of a package, sorted by name");
        return read with { Key = MessageText.OneLine(read.Key) };
    }

    static void Require(bool rule, FormattableString broken) => Require(rule, FormattableString.Invariant(broken));

    static void Require(bool rule, string broken)
    {
        if (!rule) throw new InvalidDataException($"{PackageFiles.SignatureName}: {broken}");
    }
}
