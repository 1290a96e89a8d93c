using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Offload.Client;
using EdgeML.Server.Configuration;

namespace EdgeML.Benchmarks.Tls;

/// <summary>An authority with a tail's and a device's certificate, as PEM files of a folder.</summary>
/// <param name="folder">Where they are.</param>
sealed class TlsFiles(string folder)
{
    const string TailName = "tail.test";

    public string Folder => folder;

    public TlsOptions Tail => new() { CertificatePath = this["tail.pem"], KeyPath = this["tail.key"], ClientCaPath = this["ca.pem"] };

    public TailTlsOptions Device => new()
    {
        CaPath = this["ca.pem"],
        CertificatePath = this["device.pem"],
        KeyPath = this["device.key"],
        ServerName = TailName,
    };

    string this[string name] => Path.Combine(folder, name);

    /// <summary>Makes them, with ECDSA keys on P-256.</summary>
    public void Write()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(2));
        File.WriteAllText(this["ca.pem"], authority.ExportCertificatePem());
        Issue(authority, TailName, "tail");
        Issue(authority, "device-1", "device");
    }

    void Issue(X509Certificate2 authority, string name, string file)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(
            authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(this[$"{file}.pem"], issued.ExportCertificatePem());
        File.WriteAllText(this[$"{file}.key"], key.ExportPkcs8PrivateKeyPem());
    }
}
