using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The options of a simulated link, and of how steady it and the machines are.</summary>
sealed class LinkOptions
{
    readonly Option<string> _link = SharedOptions.Required("--link", "SPEC",
        "constant:MBPS | square:MBPS,MBPS,tasks=N | steps:MBPS,MBPS@TASK,... | paper:s2 | paper:s3 | FILE.csv of seconds,mbps");
    readonly Option<double?> _rtt = SharedOptions.NotNegative("--rtt-ms", "R", "Round-trip time; a trace's own unless given.");
    readonly Option<double?> _jitter = SharedOptions.NotNegative(
        "--jitter-ms", "J", "Standard deviation of the round-trip time of single transfers; 0 unless given.");
    readonly Option<double?> _computeJitter = SharedOptions.NotNegative(
        "--compute-jitter", "PCT", "Standard deviation of computing times in percent; 5 unless given.");

    public IEnumerable<Option> All => [_link, _rtt, _jitter, _computeJitter];

    public LinkChoice Read(ParseResult parsed) => new(
        LinkCourse.Parse(parsed.GetRequiredValue(_link), parsed.GetValue(_rtt) ?? double.NaN), parsed.GetValue(_jitter) ?? 0,
        ConditionOptions.Percent(parsed, _computeJitter, 5));
}

/// <summary>A link, the standard deviation of its round-trip time in milliseconds, and that of computing times as a share.</summary>
sealed record LinkChoice(LinkCourse Course, double RttJitterMs, double ComputeJitter);
