using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Tails;

namespace EdgeML.Cli.Running;

/// <summary>The options of the tail's address and of the tensors sent to it.</summary>
sealed class OffloadOptions
{
    readonly Option<TailPlace[]?> _tails = SharedOptions.Tail();
    readonly Option<string?> _choice = SharedOptions.OneOf(
        "--tail-choice", "Which of several tails gets a task (ordered). ordered: the first that can be used. balanced: spread by weight, speed and load.",
        "ordered", "balanced");
    readonly Option<string?> _addresses = SharedOptions.OneOf(
        "--tail-addresses", "Of a host name with several addresses (first). first: the first that answers. all: each is a separate tail.",
        "first", "all");
    readonly Option<double?> _hedge = new("--tail-hedge")
    {
        HelpName = "QUANTILE",
        Description = "Send a task also to a second tail if it has no answer after this quantile of the answer times, such as 0.95 (off).",
        CustomParser = Parse.Positive,
    };
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

    public IEnumerable<Option> All => [_tails, _choice, _addresses, _hedge, _tls, _ca, _certificate, _key, _name, _require, _probeLimit, _codec, _bottleneck, _rawInput];

    public OffloadChoice Read(ParseResult parsed) => new()
    {
        Tails = parsed.GetValue(_tails) ?? [],
        Choice = parsed.GetValue(_choice) switch { null => null, "balanced" => TailChoice.Balanced, _ => TailChoice.Ordered },
        EveryAddress = parsed.GetValue(_addresses) == "all",
        HedgeQuantile = parsed.GetValue(_hedge),
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

/// <summary>The tails and the encoding.</summary>
sealed record OffloadChoice
{
    /// <summary>Empty for none.</summary>
    public required TailPlace[] Tails { get; init; }

    /// <summary>Null where it is not given.</summary>
    public required TailChoice? Choice { get; init; }

    public required bool EveryAddress { get; init; }

    /// <summary>Null for never.</summary>
    public required double? HedgeQuantile { get; init; }

    /// <summary>Whether a task may go to one tail or another.</summary>
    public bool HasSeveral => Tails.Length > 1 || (Tails.Length == 1 && EveryAddress);

    /// <summary>The tails as given.</summary>
    public string Addresses => string.Join(',', Tails.Select(tail => tail.Address));

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
