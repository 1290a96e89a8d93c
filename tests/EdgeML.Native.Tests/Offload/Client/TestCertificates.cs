using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Tests.Models;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>An authority and what it issues, as PEM files in a folder of its own.</summary>
sealed class TestCertificates : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(CaPath, _authority.ExportCertificatePem());
    }

    public string CaPath => _folder["ca.pem"];

    /// <summary>Issues a certificate.</summary>
    /// <returns>The files of certificate and key.</returns>
    public (string Certificate, string Key) Issue(string name, bool expired = false)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            _authority, DateTimeOffset.UtcNow.AddHours(-20), DateTimeOffset.UtcNow.AddHours(expired ? -1 : 20), RandomNumberGenerator.GetBytes(8));
        (string, string) files = (_folder[$"{name}-{issued.SerialNumber}.pem"], _folder[$"{name}-{issued.SerialNumber}.key"]);
        File.WriteAllText(files.Item1, issued.ExportCertificatePem());
        File.WriteAllText(files.Item2, key.ExportPkcs8PrivateKeyPem());
        return files;
    }

    /// <summary>Of a tail named <c>tail.test</c>.</summary>
    public TlsOptions Tail(bool mutual = true, bool expired = false)
    {
        (string certificate, string key) = Issue("tail.test", expired);
        return new TlsOptions { CertificatePath = certificate, KeyPath = key, ClientCaPath = mutual ? CaPath : null };
    }

    /// <summary>Of a device that trusts this authority.</summary>
    public TailTlsOptions Device((string Certificate, string Key)? own = null) => new()
    {
        CaPath = CaPath,
        CertificatePath = own?.Certificate,
        KeyPath = own?.Key,
        ServerName = "tail.test",
    };

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }
}
