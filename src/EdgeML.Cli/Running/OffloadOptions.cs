using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Codecs;

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

    public IEnumerable<Option> All => [_tail, _require, _codec, _bottleneck, _rawInput];

    public OffloadChoice Read(ParseResult parsed) => new()
    {
        Tail = parsed.GetValue(_tail),
        RequireTail = parsed.GetValue(_require),
        Codec = SharedOptions.CodecOf(parsed, _codec),
        Bottleneck = parsed.GetValue(_bottleneck) ?? 0,
        RawInput = parsed.GetValue(_rawInput) != "off",
    };
}

/// <summary>The tail and the encoding.</summary>
sealed record OffloadChoice
{
    /// <summary>Null for none.</summary>
    public required HostPort? Tail { get; init; }

    public required bool RequireTail { get; init; }

    public required TensorEncoding Codec { get; init; }

    /// <summary>Of the package, from 1; 0 for none.</summary>
    public required int Bottleneck { get; init; }

    public required bool RawInput { get; init; }
}
