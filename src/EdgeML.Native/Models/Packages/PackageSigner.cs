using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Packages;

/// <summary>Signs packages: ECDSA on the curve P-256 over SHA-256. Any thread.</summary>
/// <remarks>The signature covers every file that loading reads. <see cref="ModelPackage"/> checks it where keys are trusted.</remarks>
public static class PackageSigner
{
    /// <summary>Opens a package, checks it, and writes a signature of the files as they were read, in place of one that is there.</summary>
    /// <param name="folder">The package.</param>
    /// <param name="keyPath">PEM file of a private key, not encrypted.</param>
    /// <returns>Id of the public key, <c>sha256:</c> and the digest of its DER form, and the number of signed files.</returns>
    /// <exception cref="InvalidDataException">Not a package, a file in it that belongs to none, or no such key; one line.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="PlatformNotSupportedException">This system lacks OpenSSL.</exception>
    public static (string KeyId, int Files) Sign(string folder, string keyPath)
    {
        using ECDsa key = SigningKey.Read(keyPath, isPrivate: true);
        using ModelPackage package = ModelPackage.Open(folder);
        if (PackageFiles.Others(folder).FirstOrDefault() is { } other)
            throw new InvalidDataException($"{folder} has {MessageText.OneLine(other)}, which is no file of a package; move it away before signing");
        string id = SigningKey.IdOf(key.ExportSubjectPublicKeyInfo());
        var file = new SignatureFile(
            SignatureFile.CurrentFormat, id, [.. package.Files.OrderBy(each => each.Name, StringComparer.Ordinal)], "");
        byte[] signature = key.SignData(file.Statement(), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        file = file with { Signature = Convert.ToBase64String(signature) };
        AtomicFile.Write(
            Path.Combine(folder, PackageFiles.SignatureName), stream =>
                JsonSerializer.Serialize(stream, file, PackageJson.Default.SignatureFile));
        return (id, file.Files.Count);
    }

    /// <summary>Makes a pair of keys.</summary>
    /// <param name="privatePath">New PEM file, readable only by its owner.</param>
    /// <param name="publicPath">New PEM file.</param>
    /// <returns>Id of the public key.</returns>
    /// <exception cref="IOException">A file is there already, or cannot be written.</exception>
    /// <exception cref="PlatformNotSupportedException">This system lacks OpenSSL.</exception>
    public static string NewKey(string privatePath, string publicPath)
    {
        OpenSsl.Require("signing packages and checking signatures");
        foreach (string path in (string[])[privatePath, publicPath])
            if (Path.Exists(path)) throw new IOException($"{path} is there already, and is left alone");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Write(privatePath, key.ExportPkcs8PrivateKeyPem(), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Write(
            publicPath, key.ExportSubjectPublicKeyInfoPem(),
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        return SigningKey.IdOf(key.ExportSubjectPublicKeyInfo());
    }

    static void Write(string path, string pem, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var stream = new FileStream(path, options);
        stream.Write(Encoding.ASCII.GetBytes(pem + "\n"));
    }
}
