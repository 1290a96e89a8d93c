using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Models;

namespace EdgeML.Native.Offload.Client;

/// <summary>Encrypts the link to a tail with TLS 1.3. The files are PEM, and read again for every connection, so that a certificate can be
/// replaced while a session runs.</summary>
public sealed record TailTlsOptions
{
    /// <summary>The authorities whose certificates a tail may have; null for those that the system trusts.</summary>
    public string? CaPath { get; init; }

    /// <summary>This device's certificate, followed by those between it and the root, if any; null for none. A tail that asks for one takes
    /// the device's identity from it.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>The private key of <see cref="CertificatePath"/>, not encrypted.</summary>
    public string? KeyPath { get; init; }

    /// <summary>The name that the tail's certificate must have; null for <see cref="TailClientOptions.Host"/>.</summary>
    public string? ServerName { get; init; }

    /// <exception cref="ArgumentException">A file that cannot be used.</exception>
    internal void Check()
    {
        if ((CertificatePath is null) != (KeyPath is null))
            throw new ArgumentException("Tls.CertificatePath and Tls.KeyPath go together: a certificate is of no use without its key");
        OpenSsl.Require("TLS");
        Load("localhost");
    }

    /// <summary>Reads the files.</summary>
    /// <param name="host">Of the tail.</param>
    /// <exception cref="ArgumentException">A file that cannot be used.</exception>
    internal SslClientAuthenticationOptions Load(string host)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = ServerName ?? host,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (CaPath is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            policy.CustomTrustStore.AddRange(Read($"authorities {CaPath}", () => Certificates(CaPath)));
            options.CertificateChainPolicy = policy;
        }
        if (CertificatePath is not null)
        {
            options.ClientCertificateContext = Read($"certificate {CertificatePath} with key {KeyPath}", () => SslStreamCertificateContext.Create(
                X509Certificate2.CreateFromPem(RegularFile.ReadText(CertificatePath), RegularFile.ReadText(KeyPath!)), Certificates(CertificatePath), offline: true));
        }
        return options;
    }

    static X509Certificate2Collection Certificates(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(RegularFile.ReadText(path));
        return certificates.Count > 0 ? certificates : throw new ArgumentException("there is no certificate in it");
    }

    static T Read<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException or InvalidDataException)
        {
            throw new ArgumentException($"TLS {what}: {MessageText.OneLine(e.Message)}", e);
        }
    }
}
