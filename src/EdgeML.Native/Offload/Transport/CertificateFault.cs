using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Transport;

/// <summary>Why a peer's certificate is not accepted, in words for both sides.</summary>
static class CertificateFault
{
    /// <summary>The first reason.</summary>
    /// <param name="certificate">The peer's; null for none.</param>
    /// <param name="chain">How far it was traced to a root.</param>
    /// <param name="errors">The verdict of the runtime.</param>
    /// <param name="host">The name that it must have; null where any will do.</param>
    /// <returns>Null where it is accepted.</returns>
    public static string? Of(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, string? host = null)
    {
        if (errors == SslPolicyErrors.None) return null;
        if (certificate is not X509Certificate2 own || (errors & SslPolicyErrors.RemoteCertificateNotAvailable) != 0)
            return "it has no certificate, and one is needed";
        string name = $"certificate of {Printable.Text(NameOf(own))}";
        foreach (X509ChainElement element in chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            if (element.ChainElementStatus.All(status => status.Status != X509ChainStatusFlags.NotTimeValid)) continue;
            X509Certificate2 bad = element.Certificate;
            string whose = bad.Equals(own) ? name : $"{name}: that of its authority {Printable.Text(NameOf(bad))}";
            return DateTime.Now > bad.NotAfter ? $"{whose} expired at {Time(bad.NotAfter)}" : $"{whose} is valid only from {Time(bad.NotBefore)}";
        }
        X509ChainStatusFlags[] flags = [.. (chain?.ChainStatus ?? []).Select(status => status.Status)];
        // Of an authority with the same name, only the signature differs.
        if (Array.Exists(flags, flag => flag is X509ChainStatusFlags.UntrustedRoot or X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.NotSignatureValid))
            return $"{name} is by another authority ({Printable.Text(own.IssuerName.Name)})";
        if ((errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0) return $"{name} is not for {host}";
        return $"{name} is refused: {string.Join(", ", flags)}";
    }

    /// <summary>Whose certificate it is: its first DNS name, else its common name.</summary>
    public static string NameOf(X509Certificate2 certificate)
    {
        string name = certificate.GetNameInfo(X509NameType.DnsFromAlternativeName, false);
        return name.Length > 0 ? name : certificate.GetNameInfo(X509NameType.SimpleName, false);
    }

    static string Time(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
