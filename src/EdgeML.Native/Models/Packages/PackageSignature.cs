namespace EdgeML.Native.Models.Packages;

/// <summary>The signature of an open package.</summary>
/// <param name="KeyId">Id of the key that it names: <c>sha256:</c> and the digest of the public key's DER form. Empty for a signature that
/// cannot be read.</param>
/// <param name="IsTrusted">Whether one of the keys that were given for opening made it. Without keys it is not checked, so that the name is
/// only a claim.</param>
/// <param name="Fault">Why it cannot hold, one line; null where nothing contradicts it.</param>
public sealed record PackageSignature(string KeyId, bool IsTrusted, string? Fault);
