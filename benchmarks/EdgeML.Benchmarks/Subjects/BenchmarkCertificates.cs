using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Offload.Client;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>An authority and the certificates it issues (ECDSA P-256), as PEM files in a temporary folder that goes with the object.</summary>
sealed class BenchmarkCertificates : IDisposable
{
    const string Tail = "tail.benchmark";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-certificates-");
    readonly X509Certificate2 _authority;

    public BenchmarkCertificates()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=benchmark authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(CaPath, _authority.ExportCertificatePem());
        IssueTail();
    }

    public string CaPath => Place("ca.pem");

    public string TailCertificate => Place("tail.pem");

    public string TailKey => Place("tail.key");

    /// <summary>Options that make <c>edgeml tail</c> serve TLS to devices of this authority.</summary>
    public IReadOnlyList<string> TailArguments => ["--tls-cert", TailCertificate, "--tls-key", TailKey, "--tls-ca", CaPath];

    /// <summary>Replaces the tail's certificate and key by new ones.</summary>
    public void IssueTail() => Issue(Tail, TailCertificate, TailKey);

    /// <summary>Issues a certificate for a device.</summary>
    public TailTlsOptions Device(string name)
    {
        (string certificate, string key) = (Place($"{name}.pem"), Place($"{name}.key"));
        Issue(name, certificate, key);
        return new TailTlsOptions { CaPath = CaPath, CertificatePath = certificate, KeyPath = key, ServerName = Tail };
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Delete(recursive: true);
    }

    string Place(string name) => Path.Combine(_folder.FullName, name);

    void Issue(string name, string certificate, string keyFile)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            _authority, DateTimeOffset.UtcNow.AddHours(-20), DateTimeOffset.UtcNow.AddHours(20), RandomNumberGenerator.GetBytes(8));
        Replace(keyFile, key.ExportPkcs8PrivateKeyPem());
        Replace(certificate, issued.ExportCertificatePem());
    }

    /// <summary>By rename, so that a tail never reads half a file.</summary>
    static void Replace(string path, string text)
    {
        File.WriteAllText($"{path}.new", text);
        File.Move($"{path}.new", path, overwrite: true);
    }
}
