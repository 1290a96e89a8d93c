using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Codecs;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The options of encoding, arrivals, and costs of the client.</summary>
sealed class ConditionOptions
{
    readonly Option<string?> _raw = SharedOptions.OneOf(
        "--raw-input", "Whether the input itself may be sent; on unless given.", "on", "off");
    readonly Option<string?> _codec = SharedOptions.Codec("Bytes of a cut tensor on the wire; fp32 unless given.");
    readonly Option<double?> _mismatch = SharedOptions.NotNegative(
        "--mismatch", "PCT", "True unit times differ, seeded, by up to this from the profile controllers see.");
    readonly Option<string?> _arrivals = new("--arrivals")
    {
        HelpName = "poisson:RATE,queue=K",
        Description = "Tasks per second by themselves, K may wait; one after the other unless given.",
    };
    readonly Option<string?> _shift = new("--shift")
    {
        HelpName = "FROM-TO[,at=TASK]",
        Description = "Inputs get easy, mixed or hard; in the middle of the run unless a task is given.",
    };
    readonly Option<double?> _deadline = SharedOptions.Positive(
        "--deadline-ms", "D", "When the edge stops waiting for the tail; the latency bound unless given.");
    readonly Option<double?> _probe = SharedOptions.Positive(
        "--probe-ms", "P", "Age of the last measurement at which an unused link is probed; 1000 unless given.");
    readonly Option<double?> _decision = new("--decision-us")
    {
        HelpName = "N|measured",
        Description = "Time that a decision costs the next task; declared per controller unless given. Measured differs from run to run.",
        CustomParser = DecisionMicros,
    };

    public IEnumerable<Option> All => [_raw, _codec, _mismatch, _arrivals, _shift, _deadline, _probe, _decision];

    public ReplayConditions Read(ParseResult parsed) => new()
    {
        RawInput = parsed.GetValue(_raw) != "off",
        Codec = SharedOptions.CodecOf(parsed, _codec),
        Mismatch = Percent(parsed, _mismatch, 0),
        Arrivals = parsed.GetValue(_arrivals) is { } arrivals ? ArrivalProcess.Parse(arrivals) : null,
        Shift = parsed.GetValue(_shift) is { } shift ? InputShift.Parse(shift) : InputShift.None,
        DeadlineMs = parsed.GetValue(_deadline),
        ProbeSeconds = (parsed.GetValue(_probe) ?? 1000) / 1000,
        DecisionMicros = parsed.GetValue(_decision),
    };

    /// <summary>The value of an option in percent, as a share.</summary>
    /// <exception cref="ArgumentException">More than 30 percent: three standard deviations, or the largest error, must leave times above
    /// 0.</exception>
    internal static double Percent(ParseResult parsed, Option<double?> option, double otherwise)
    {
        double percent = parsed.GetValue(option) ?? otherwise;
        return percent <= 30 ? percent / 100 : throw new ArgumentException($"{option.Name} is {percent}, more than 30 percent");
    }

    static double? DecisionMicros(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text == "measured") return double.NaN;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double micros) && micros is >= 0 and <= 1e9)
            return micros;
        result.AddError($"--decision-us is '{text}', not a number of at least 0 or 'measured'");
        return null;
    }
}

/// <summary>The same of a <see cref="ReplayScenario"/>.</summary>
sealed record ReplayConditions
{
    public required bool RawInput { get; init; }
    public required TensorEncoding Codec { get; init; }
    public required double Mismatch { get; init; }
    public required ArrivalProcess? Arrivals { get; init; }
    public required InputShift Shift { get; init; }
    public required double? DeadlineMs { get; init; }
    public required double ProbeSeconds { get; init; }
    public required double? DecisionMicros { get; init; }
}
