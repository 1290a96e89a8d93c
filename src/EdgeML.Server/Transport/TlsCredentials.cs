using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Telemetry;
using EdgeML.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Transport;

/// <summary>Certificates of a server, read again when their files change. Any thread.</summary>
sealed class TlsCredentials
{
    static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);

    readonly Lock _gate = new();
    readonly TlsOptions _options;
    readonly ILogger _logger;
    readonly BackgroundFaults _faults;
    SslServerAuthenticationOptions _current;
    (DateTime, DateTime, DateTime) _written;
    long _looked;

    /// <exception cref="InvalidDataException">A file is missing or damaged, or certificate and key do not belong together.</exception>
    public TlsCredentials(TlsOptions options, ILogger logger, BackgroundFaults faults)
    {
        (_options, _logger, _faults) = (options, logger, faults);
        _written = Written();
        _current = Load();
        _looked = Environment.TickCount64;
    }

    /// <summary>The credentials of the next handshake. A file that has become damaged leaves the old ones in force, with a warning.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "the certificates in force serve until the files are mended")]
    public SslServerAuthenticationOptions Current()
    {
        lock (_gate)
        {
            if (Environment.TickCount64 - _looked < s_lookAgain.TotalMilliseconds) return _current;
            _looked = Environment.TickCount64;
            try
            {
                if (Written() is var written && written != _written)
                {
                    _current = Load();
                    _written = written;
                    _logger.LogInformation("tail reads certificates again: {Certificate}", _options.CertificatePath);
                }
            }
            catch (Exception e)
            {
                _faults.Add("tail certificates", "the ones read before stay in force", e);
                _logger.LogWarning("tail keeps its certificates: {Error}", e.Message);
            }
            return _current;
        }
    }

    /// <summary>Whose certificate it is: its first DNS name, else its common name.</summary>
    public static string NameOf(X509Certificate2 certificate)
    {
        string name = certificate.GetNameInfo(X509NameType.DnsFromAlternativeName, false);
        return name.Length > 0 ? name : certificate.GetNameInfo(X509NameType.SimpleName, false);
    }

    (DateTime, DateTime, DateTime) Written() =>
        (File.GetLastWriteTimeUtc(_options.CertificatePath), File.GetLastWriteTimeUtc(_options.KeyPath),
            _options.ClientCaPath is { } ca ? File.GetLastWriteTimeUtc(ca) : default);

    SslServerAuthenticationOptions Load()
    {
        try
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_options.CertificatePath);
            X509Certificate2 own = X509Certificate2.CreateFromPemFile(_options.CertificatePath, _options.KeyPath);
            var options = new SslServerAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls13,
                ServerCertificateContext = SslStreamCertificateContext.Create(own, chain, offline: true),
            };
            if (_options.ClientCaPath is { } path)
            {
                var roots = new X509Certificate2Collection();
                roots.ImportFromPemFile(path);
                if (roots.Count == 0) throw new InvalidDataException($"{path} holds no certificate");
                options.ClientCertificateRequired = true;
                var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                policy.CustomTrustStore.AddRange(roots);
                options.CertificateChainPolicy = policy;
            }
            return options;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidDataException(
                $"certificate {_options.CertificatePath} with key {_options.KeyPath}"
                + $"{(_options.ClientCaPath is { } ca ? $" and roots {ca}" : "")}: {e.Message}", e);
        }
    }
}
