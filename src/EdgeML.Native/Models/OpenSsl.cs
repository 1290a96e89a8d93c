using System.Runtime.InteropServices;

namespace EdgeML.Native.Models;

/// <summary>The library that the runtime signs and encrypts with; the image of a device may lack it.</summary>
static class OpenSsl
{
    // In the order in which the runtime looks for it.
    static readonly string[] s_names = ["libssl.so.3", "libssl.so.1.1", "libssl.so.1.0.2", "libssl.so.1.0.0", "libssl.so.10"];

    static readonly Lazy<bool> s_isThere = new(() =>
        !OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") is not null
            || Array.Exists(s_names, name => NativeLibrary.TryLoad(name, out _)));

    /// <summary>Asks for the library before it is needed, because the runtime ends the process where it finds none.</summary>
    /// <param name="what">The use, for the error.</param>
    /// <exception cref="PlatformNotSupportedException">It is not there.</exception>
    internal static void Require(string what)
    {
        if (!s_isThere.Value)
            throw new PlatformNotSupportedException($"{what} needs OpenSSL 3 or 1.1, and this system has no {s_names[0]}");
    }
}
