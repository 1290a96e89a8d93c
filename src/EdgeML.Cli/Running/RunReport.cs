using System.Globalization;
using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Decisions;
using Spectre.Console;

namespace EdgeML.Cli.Running;

/// <summary>Shows a finished run: a table for people, the contract's object for scripts.</summary>
sealed class RunReport(ModelManifest manifest, RunTally tally, ControlCounters control, string energySource, bool bounded,
    AccuracyGuarantee? guarantee, GuaranteeCounters checks)
{
    /// <summary>The last decision of a controller that makes any.</summary>
    public DecisionExplanation? Last { get; init; }

    /// <summary>All of its decisions, if requested.</summary>
    public DecisionLog? Decisions { get; init; }

    /// <summary>The calibration of the exits; null where there is none.</summary>
    public CalibrationInfo? Calibration { get; init; }

    /// <summary>Faults of the session's background threads.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Where the tail was to be, and where the connection stood at the end; null for a run without one.</summary>
    public (string Address, TailStatus Status)? Tail { get; init; }

    /// <summary>Each tail, and how tasks fared with it.</summary>
    public IReadOnlyList<TailReport> Tails { get; init; } = [];

    /// <summary>Answers of the tail that were not believed.</summary>
    public long ContradictoryAnswers { get; init; }

    /// <summary>Possible reasons for wrong answers, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    double? Satisfaction => bounded && double.IsFinite(control.Satisfaction) ? control.Satisfaction : null;

    public void Show(IAnsiConsole console)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("exit").AddColumn(new TableColumn("tasks").RightAligned()).AddColumn(new TableColumn("accuracy").RightAligned());
        for (int exit = 1; exit <= manifest.Exits.Count; exit++)
        {
            long count = tally.ExitCount(exit);
            string accuracy = tally.Labelled && count > 0 ? Percent((double)tally.ExitCorrect(exit) / count) : "-";
            table.AddRow(Markup.Escape(manifest.Exits[exit - 1].Name), count.ToString(CultureInfo.InvariantCulture), accuracy);
        }
        console.Write(table);
        if (tally.Labelled)
            Terminal.Line($"accuracy     {Percent((double)tally.Correct / tally.Tasks)} ({tally.Correct} of {tally.Tasks})");
        string standbys = tally.Standbys > 0 ? $", {tally.Standbys} by a standby exit" : "";
        Terminal.Line(
            $"answered     {tally.Tasks - tally.Offloaded} on the edge ({tally.Fallbacks} of them fallbacks{standbys}), "
                + $"{tally.Offloaded} by the tail");
        Terminal.Line(
            $"latency      mean {tally.MeanLatencyMs:0.00} ms, p50 {tally.LatencyQuantile(0.5):0.00}, p99 {tally.LatencyQuantile(0.99):0.00}; edge {tally.EdgeMs:0.00}, wire {tally.WireMs:0.00}, tail {tally.TailMs:0.00}");
        Terminal.Line($"energy       {tally.JoulesPerTask:0.0000} J per task ({energySource})");
        if (guarantee is not null)
        {
            string limits = string.Join(' ', guarantee.Limits.Select(limit => limit.ToString("0.0000", CultureInfo.InvariantCulture)));
            Terminal.Line(
                $"promise      at most {Percent(guarantee.MaxLoss)} lost by early answers with {Percent(guarantee.Confidence)} confidence ({(guarantee.Labelled ? "labels" : "agreement")}); "
                    + $"thresholds at most {limits}{(guarantee.Tightened > 0 ? ", tightened" : "")}");
            Terminal.Line(
                $"checked      {checks.Checked} tasks to the end, {checks.Differing} of the early answers differ; limits tightened {checks.Tightened} times");
        }
        if (Tail is { } tail)
        {
            string fallen = tally.Fallbacks > 0 ? $"; {tally.Fallbacks} fallbacks: {tally.FallbackText}" : "";
            string contradictory = ContradictoryAnswers > 0 ? $"; {ContradictoryAnswers} of its answers contradict themselves" : "";
            if (Tails.Count > 1)
            {
                foreach (TailReport each in Tails) Terminal.Line($"tail         {each}");
                if (fallen.Length + contradictory.Length > 0) Terminal.Line($"tails        {(fallen + contradictory)[2..]}");
            }
            else
            {
                Terminal.Line($"tail         {tail.Address} {tail.Status}{fallen}{contradictory}");
            }
        }
        if (manifest.IsClassifier) Terminal.Line($"exits        {CalibrationInfo.Describe(Calibration)}");
        TensorText.Show(manifest);
        foreach (string fault in Faults) Terminal.Line($"fault        {fault}");
        if (Expected is { } expected) Terminal.Line($"expected     {expected.Text}");
        if (Last is { } last) Terminal.Line($"decided      {last}");
        foreach (string warning in Warnings) Terminal.Line($"warning      {warning}");
        if (Satisfaction is { } satisfaction) Terminal.Line($"satisfied    {Percent(satisfaction)} inside the bounds");
    }

    public void WriteJson(string path) => JsonFile.Write(path, Json(), RunJsonContract.Default.RunJson);

    RunJson Json() => new()
    {
        Tasks = tally.Tasks,
        Correct = tally.Labelled ? tally.Correct : null,
        Accuracy = tally.Labelled ? (double)tally.Correct / tally.Tasks : null,
        Exits = [.. Enumerable.Range(1, manifest.Exits.Count).Select(exit =>
            new ExitTallyJson(exit, tally.ExitCount(exit), tally.Labelled ? tally.ExitCorrect(exit) : null))],
        Outputs = manifest.Outputs,
        Local = tally.Tasks - tally.Offloaded,
        Offloaded = tally.Offloaded,
        Fallbacks = tally.Fallbacks,
        Standbys = tally.Standbys,
        Tail = TailOfRun(),
        Tails = Tail is null ? null : [.. Tails.Select(EachTailJson.Of)],
        LatencyMs = new LatencyJson(
            tally.MeanLatencyMs, tally.LatencyQuantile(0.5), tally.LatencyQuantile(0.99), tally.LatencyQuantile(0.999)),
        Parts = new PartsJson(tally.EdgeMs, tally.WireMs, tally.TailMs, tally.QueueMs),
        BytesSent = tally.BytesSent,
        Energy = new EnergyJson(tally.JoulesPerTask, energySource),
        AllocatedBytesPerTask = tally.AllocatedBytesPerTask,
        Satisfaction = Satisfaction ?? double.NaN,
        Policies = tally.Policies,
        Calibration = Calibration,
        Expected = Decisions is null ? null
            : JsonSerializer.SerializeToElement(
                Expected is { } of ? new ExpectedJson(of.Tasks, of.Accuracy, of.Agreement) : null, RunJsonContract.Default.ExpectedJson!),
        Warnings = Warnings,
        Promise = guarantee is null ? null : new GuaranteeJson(
            guarantee.MaxLoss, guarantee.Confidence, guarantee.Labelled, guarantee.Limits, guarantee.Tightened, checks.Checked,
            checks.Differing, checks.Evidence, guarantee.Digest),
        Control = ControlJson.Of(control),
        Faults = Faults,
        Decisions = Decisions is null ? null : DecisionJson.Of(Decisions),
        DecisionsLeftOut = Decisions?.LeftOut,
    };

    TailJson? TailOfRun()
    {
        if (Tail is not { } tail) return null;
        // Why it is not used now, else why it was not used most often.
        FallbackReason reason = tail.Status is { State: TailState.Up } ? tally.FallbackReasons.FirstOrDefault().Reason : tail.Status.Reason;
        return new TailJson(
            tail.Address, JsonNamingPolicy.CamelCase.ConvertName(tail.Status.State.ToString()),
            reason == FallbackReason.None ? null : RunTally.Key(reason), tail.Status.Fault,
            tally.FallbackReasons.ToDictionary(each => RunTally.Key(each.Reason), each => each.Count), ContradictoryAnswers);
    }

    /// <summary>The accuracy that the decisions expected, over all tasks that ran under them; null without a controller that expects
    /// anything.</summary>
    ExpectedAnswers? Expected => manifest.IsClassifier && Decisions is { } log && Last is not null ? ExpectedAnswers.Of(log) : null;

    static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
