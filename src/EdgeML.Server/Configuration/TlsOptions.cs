namespace EdgeML.Server.Configuration;

/// <summary>Where a server finds its certificates, all PEM files. They are read again when they change, without a restart.</summary>
public sealed record TlsOptions
{
    /// <summary>The server's certificate, followed by those between it and the root, if any.</summary>
    public required string CertificatePath { get; init; }

    /// <summary>The private key, not encrypted.</summary>
    public required string KeyPath { get; init; }

    /// <summary>Roots that sign clients' certificates: then every client must have one (mutual TLS). Null: clients need none.</summary>
    public string? ClientCaPath { get; init; }
}
