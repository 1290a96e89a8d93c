using System.Security.Cryptography;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Packages;

/// <summary>Public keys of those who may sign packages. Immutable; any thread.</summary>
/// <remarks>Loading them needs OpenSSL, which no other part of opening a package does.</remarks>
public sealed class TrustedKeys
{
    /// <summary>Variable of a process that names the files of its keys, separated as in PATH.</summary>
    internal const string Variable = "EDGEML_TRUSTED_KEYS";

    readonly Dictionary<string, byte[]> _keys = [];

    TrustedKeys()
    {
    }

    /// <summary>Ids of the keys: <c>sha256:</c> and the digest of the DER form.</summary>
    public IReadOnlyCollection<string> Ids => _keys.Keys;

    /// <summary>Reads public keys.</summary>
    /// <param name="paths">PEM files, at least one: ECDSA keys on the curve P-256, one per file.</param>
    /// <exception cref="ArgumentException">No path.</exception>
    /// <exception cref="InvalidDataException">A file holds something else; one line names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="PlatformNotSupportedException">This system lacks OpenSSL.</exception>
    public static TrustedKeys Load(params IEnumerable<string> paths)
    {
        var keys = new TrustedKeys();
        foreach (string path in paths)
        {
            using ECDsa key = SigningKey.Read(path, isPrivate: false);
            byte[] form = key.ExportSubjectPublicKeyInfo();
            keys._keys[SigningKey.IdOf(form)] = form;
        }
        return keys._keys.Count > 0 ? keys : throw new ArgumentException("no trusted key is given", nameof(paths));
    }

    /// <summary>The files that <see cref="Variable"/> names.</summary>
    internal static string[] PathsOf(string? variable) => variable?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];

    /// <exception cref="InvalidDataException">None of these keys made the signature.</exception>
    internal void Check(SignatureFile file)
    {
        if (!_keys.TryGetValue(file.Key, out byte[]? form)) throw new InvalidDataException($"it is by key {Short(file.Key)}, not by {this}");
        byte[] signature = new byte[file.Signature.Length];
        using ECDsa key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(form, out _);
        if (!Convert.TryFromBase64String(file.Signature, signature, out int bytes)
            || !key.VerifyData(file.Statement(), signature.AsSpan(0, bytes), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            throw new InvalidDataException($"{PackageFiles.SignatureName} is damaged or forged: key {Short(file.Key)} did not sign it");
    }

    /// <summary>The ids, shortened.</summary>
    public override string ToString() => $"{(_keys.Count == 1 ? "key" : "one of the keys")} {string.Join(", ", _keys.Keys.Select(Short))}";

    static string Short(string id) => id.Length > 23 ? id[..23] : id;
}
