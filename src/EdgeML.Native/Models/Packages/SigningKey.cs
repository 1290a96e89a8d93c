using System.Security.Cryptography;
using System.Text;

namespace EdgeML.Native.Models.Packages;

/// <summary>ECDSA keys on the curve P-256 in PEM files.</summary>
static class SigningKey
{
    const string Curve = "1.2.840.10045.3.1.7";
    const int MostBytes = 64 << 10;

    /// <summary>Id of a public key.</summary>
    /// <param name="form">Its DER form.</param>
    internal static string IdOf(byte[] form) => $"sha256:{ContentHash.Of(form)}";

    /// <exception cref="InvalidDataException">The file holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="PlatformNotSupportedException">This system lacks OpenSSL.</exception>
    internal static ECDsa Read(string path, bool isPrivate)
    {
        OpenSsl.Require("signing packages and checking signatures");
        string wanted = isPrivate ? "private key" : "public key";
        string text = Encoding.UTF8.GetString(RegularFile.Read(path, MostBytes));
        bool hasPrivate = text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        if (text.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new InvalidDataException($"{path} is encrypted; a {wanted} without a password is needed");
        if (hasPrivate != isPrivate && text.Contains(" KEY-----", StringComparison.Ordinal))
            throw new InvalidDataException($"{path} holds a {(hasPrivate ? "private key" : "public key")}, a {wanted} is needed");
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(text);
            string? curve = key.ExportParameters(includePrivateParameters: false).Curve.Oid?.Value;
            return curve == Curve ? key : throw new InvalidDataException($"{path} holds a key on another curve than P-256");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new InvalidDataException($"{path} holds no ECDSA {wanted} in PEM form", e);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
