using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native;
using EdgeML.Native.Models;
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
    Credentials _current;
    string? _said;
    (DateTime, DateTime, DateTime) _written;
    long _looked;

    /// <exception cref="InvalidDataException">A file is missing or damaged, or certificate and key do not belong together.</exception>
    public TlsCredentials(TlsOptions options, ILogger logger)
    {
        OpenSsl.Require("TLS");
        (_options, _logger) = (options, logger);
        _written = Written();
        _current = Load();
        _looked = Environment.TickCount64;
    }

    /// <summary>The credentials of the next handshake. Files that cannot be used, for instance because one of them is only half written, leave
    /// the old ones in force, with one warning.</summary>
    /// <param name="judge">Accepts or refuses the client's certificate.</param>
    public SslServerAuthenticationOptions Current(RemoteCertificateValidationCallback judge)
    {
        Credentials current = Latest();
        return new SslServerAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13,
            ServerCertificateContext = current.Own,
            ClientCertificateRequired = current.Roots is not null,
            CertificateChainPolicy = current.Roots,
            RemoteCertificateValidationCallback = current.Roots is null ? null : judge,
        };
    }

    [SuppressMessage("Design", "CA1031", Justification = "the certificates in force serve until the files are mended")]
    Credentials Latest()
    {
        lock (_gate)
        {
            if (Environment.TickCount64 - _looked < s_lookAgain.TotalMilliseconds) return _current;
            _looked = Environment.TickCount64;
            (DateTime, DateTime, DateTime) written = default;
            try
            {
                written = Written();
                if (written == _written) return _current;
                _current = Load();
                (_written, _said) = (written, null);
                _logger.LogInformation("tail reads certificates again: {Certificate}", _options.CertificatePath);
            }
            catch (Exception e)
            {
                // The same files are tried again, because the time of a file is that of its first bytes; the warning is not repeated.
                if (_said == e.Message) return _current;
                _said = e.Message;
                _logger.LogWarning("tail keeps its certificates: {Error}", e.Message);
            }
            return _current;
        }
    }

    (DateTime, DateTime, DateTime) Written() =>
        (File.GetLastWriteTimeUtc(_options.CertificatePath), File.GetLastWriteTimeUtc(_options.KeyPath),
            _options.ClientCaPath is { } ca ? File.GetLastWriteTimeUtc(ca) : default);

    Credentials Load()
    {
        try
        {
            string text = RegularFile.ReadText(_options.CertificatePath);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(text);
            X509Certificate2 own = X509Certificate2.CreateFromPem(text, RegularFile.ReadText(_options.KeyPath));
            X509ChainPolicy? policy = null;
            if (_options.ClientCaPath is { } path)
            {
                policy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                    // A client's certificate must not make the server fetch anything.
                    DisableCertificateDownloads = true,
                };
                policy.CustomTrustStore.ImportFromPem(RegularFile.ReadText(path));
                if (policy.CustomTrustStore.Count == 0) throw new ArgumentException($"{path} holds no certificate");
            }
            return new Credentials(SslStreamCertificateContext.Create(own, chain, offline: true), policy);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException or InvalidDataException)
        {
            throw new InvalidDataException(
                $"certificate {_options.CertificatePath} with key {_options.KeyPath}"
                + $"{(_options.ClientCaPath is { } ca ? $" and roots {ca}" : "")}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    /// <param name="Own">The server's certificate, with those above it.</param>
    /// <param name="Roots">Trusted for clients; null where they need no certificate.</param>
    sealed record Credentials(SslStreamCertificateContext Own, X509ChainPolicy? Roots);
}
