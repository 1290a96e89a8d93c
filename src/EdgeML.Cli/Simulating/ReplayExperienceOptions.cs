using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The options of experience from another device, and of how much of it is used.</summary>
sealed class ReplayExperienceOptions
{
    readonly ExperienceOptions _files = new("; of one seed");
    readonly Option<double?> _share = SharedOptions.NotNegative(
        "--experience-share", "S", "Share of a batch, 0..1, that comes from --experience-in at first, fading over 300 decisions; 0.5 unless given.");
    readonly Option<int?> _updates = SharedOptions.Count(
        "--experience-updates", "Updates from --experience-in alone before the first task; none unless given, as in the paper.");

    public IEnumerable<Option> All => [.. _files.All, _share, _updates];

    /// <summary>Null where no experience is given or wanted.</summary>
    /// <exception cref="ArgumentException">It does not go with the controller or the number of seeds.</exception>
    public (ReplayTraces Traces, ExperienceFiles Files)? Read(ParseResult parsed, string controller, int seeds)
    {
        ExperienceFiles files = _files.Read(parsed);
        double? share = parsed.GetValue(_share);
        int? updates = parsed.GetValue(_updates);
        if (files.In is null && (share ?? updates) is not null)
            throw new ArgumentException("--experience-share and --experience-updates say how --experience-in is used, which is not given");
        if ((files.In ?? files.Out) is null) return null;
        files.Check(controller);
        if (share > 1) throw new ArgumentException($"--experience-share is {share}, not within 0..1");
        if (files.Out is not null && seeds > 1)
            throw new ArgumentException($"--experience-out writes the experience of one seed, --seeds is {seeds}");
        var traces = new ReplayTraces { Source = files.Load(), SourceUpdates = updates ?? 0, Record = files.NewRecord() };
        return (share is { } given ? traces with { SourceShare = given } : traces, files);
    }
}
