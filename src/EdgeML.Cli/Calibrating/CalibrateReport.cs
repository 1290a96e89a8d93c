using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Calibration;

namespace EdgeML.Cli.Calibrating;

/// <summary>Shows a guarantee, or how guarantees held.</summary>
sealed class CalibrateReport(ModelManifest manifest, ExitCalibration record)
{
    string Judged => record.Labelled ? "judged by labels" : "judged by agreement with the whole network";

    public void Show(GuaranteeOutcome outcome)
    {
        AccuracyGuarantee guarantee = outcome.Guarantee;
        Line($"{manifest.Name}, {record.Samples} samples of {record.Source}, {Judged}");
        if (manifest.ExitRule != default) Line($"exit rule   {manifest.ExitRule}");
        Line($"promise     at most {100 * guarantee.MaxLoss:0.###} points lost with {100 * guarantee.Confidence:0.###} % confidence, for every policy inside the limits");
        Line($"limits      {string.Join(", ", manifest.Exits.SkipLast(1).Select((exit, i) => Text($"{exit.Name} {guarantee.Limits[i]:0.00000}")))}");
        Line($"tested on   {guarantee.Samples} samples: {guarantee.Losses} lost, {outcome.Allowed} allowed; {outcome.PathSamples} others chose the proportion of the limits");
        Line($"saves       {100 * outcome.Saved:0.0} % of the multiply-accumulates at the limits");
        Line($"watched     early answers that differ from the whole network's: at most {100 * guarantee.DiffersAtMost:0.00} % of the tasks");
        Line($"digest      {guarantee.Digest}");
        if (guarantee.Limits.All(limit => limit == 0)) Line($"no exit may be taken under this promise");
    }

    public void WriteJson(string path, GuaranteeOutcome outcome)
    {
        AccuracyGuarantee guarantee = outcome.Guarantee;
        var json = new GuaranteeJson(
            manifest.Hash, record.Source, record.Samples, record.Labelled, 100 * guarantee.MaxLoss, 100 * guarantee.Confidence, guarantee.Limits,
            guarantee.Samples, guarantee.Losses, outcome.Allowed, outcome.PathSamples, outcome.Saved, guarantee.DiffersAtMost, guarantee.Digest);
        JsonFile.Write(path, json, CalibrateJsonContract.Default.GuaranteeJson);
    }

    public void Show(GuaranteeCheckResult check, double points, double percent, int seed)
    {
        Line($"{manifest.Name}, {check.Draws} draws of {check.Size} with replacement from {record.Samples} samples of {record.Source}, {Judged}, seed {seed}");
        Line($"promise     at most {points:0.###} points lost with {percent:0.###} % confidence");
        Line($"exceeded    {100 * check.Exceeded:0.0} % of the draws at the limits, {100 * check.ExceededInside:0.0} % when any exit that fires inside them counts");
        Line($"lost        {100 * check.MeanLost:0.000} points on average");
        Line($"saved       {100 * check.MeanSaved:0.0} % of the multiply-accumulates on average, {100 * check.MeanSaved / check.HindsightSaved:0.0} % of the {100 * check.HindsightSaved:0.0} % in hindsight");
        Line($"hindsight   {string.Join(", ", check.HindsightThresholds.Select(threshold => Text($"{threshold:0.00000}")))}");
    }

    public void WriteJson(string path, GuaranteeCheckResult check, double points, double percent, int seed)
    {
        var json = new GuaranteeCheckJson(
            manifest.Hash, record.Source, record.Samples, record.Labelled, points, percent, check.Draws, check.Size, seed, check.Exceeded,
            check.ExceededInside, check.MeanLost, check.MeanSaved, check.HindsightSaved, check.MeanSaved / check.HindsightSaved,
            check.HindsightThresholds);
        JsonFile.Write(path, json, CalibrateJsonContract.Default.GuaranteeCheckJson);
    }

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    static void Line(FormattableString text) => Terminal.Line(Text(text));
}
