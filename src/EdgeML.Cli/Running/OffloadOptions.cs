using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload.Client;

namespace EdgeML.Cli.Running;

/// <summary>The options of the tail's address and of the tensors sent to it.</summary>
sealed class OffloadOptions
{
    readonly Option<HostPort?> _tail = SharedOptions.Tail();
    readonly Option<bool> _require = new("--require-tail")
    {
        Description = "End with an error where the tail cannot be used at the start, instead of answering everything here.",
    };
    readonly Option<string?> _codec = SharedOptions.Codec("How cut tensors travel (fp32).");
    readonly Option<int?> _bottleneck = SharedOptions.Count(
        "--bottleneck", "Send by this bottleneck of the package, at its cut; edgeml inspect lists them.");
    readonly Option<string?> _rawInput = SharedOptions.OneOf(
        "--raw-input", "off: the input itself is never sent, so cut 0 is none that may be used (on).", "on", "off");

    readonly Option<int?> _probeLimit = new("--probe-limit")
    {
        HelpName = "BYTES",
        Description = "Bytes that measuring the link may take an hour, both directions and TCP/IP headers included (no limit).",
        CustomParser = result => Parse.Whole(result, 0, int.MaxValue),
    };

    readonly Option<bool> _tls = new("--tls") { Description = "Encrypt the link by TLS 1.3; the authorities that the system trusts vouch for the tail." };
    readonly Option<string?> _ca = new("--tls-ca") { HelpName = "FILE", Description = "The same with the authorities of this file (PEM)." };
    readonly Option<string?> _certificate = new("--tls-cert") { HelpName = "FILE", Description = "This device's certificate, for a tail that asks for one (PEM)." };
    readonly Option<string?> _key = new("--tls-key") { HelpName = "FILE", Description = "Its private key (PEM)." };
    readonly Option<string?> _name = new("--tls-name") { HelpName = "NAME", Description = "Name in the tail's certificate (the host of --tail)." };

    public IEnumerable<Option> All => [_tail, _tls, _ca, _certificate, _key, _name, _require, _probeLimit, _codec, _bottleneck, _rawInput];

    public OffloadChoice Read(ParseResult parsed) => new()
    {
        Tail = parsed.GetValue(_tail),
        RequireTail = parsed.GetValue(_require),
        ProbeLimit = parsed.GetValue(_probeLimit),
        Tls = TlsOf(parsed),
        Codec = SharedOptions.CodecOf(parsed, _codec),
        Bottleneck = parsed.GetValue(_bottleneck) ?? 0,
        RawInput = parsed.GetValue(_rawInput) != "off",
    };

    TailTlsOptions? TlsOf(ParseResult parsed)
    {
        var options = new TailTlsOptions
        {
            CaPath = parsed.GetValue(_ca),
            CertificatePath = parsed.GetValue(_certificate),
            KeyPath = parsed.GetValue(_key),
            ServerName = parsed.GetValue(_name),
        };
        return parsed.GetValue(_tls) || options != new TailTlsOptions() ? options : null;
    }
}

/// <summary>The tail and the encoding.</summary>
sealed record OffloadChoice
{
    /// <summary>Null for none.</summary>
    public required HostPort? Tail { get; init; }

    public required bool RequireTail { get; init; }

    /// <summary>Encrypts the link; null for plain TCP.</summary>
    public required TailTlsOptions? Tls { get; init; }

    /// <summary>Bytes an hour for measuring the link; null for no limit.</summary>
    public required int? ProbeLimit { get; init; }

    public required TensorEncoding Codec { get; init; }

    /// <summary>Of the package, from 1; 0 for none.</summary>
    public required int Bottleneck { get; init; }

    public required bool RawInput { get; init; }
}
