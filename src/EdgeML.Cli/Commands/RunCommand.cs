using System.CommandLine;
using System.Runtime.InteropServices;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Observing;
using EdgeML.Cli.Running;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Decisions;
using EdgeML.Training.Data;
using Microsoft.Extensions.Logging;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml run</c>: answers a data source, here or together with a tail.</summary>
sealed class RunCommand : CliCommand
{
    readonly RunOptions _options = new();
    readonly BackendSelection _backend = new();
    readonly ComputeSelection _compute = new();
    readonly Option<Uri?> _otlp = OtlpExport.Option();

    public RunCommand()
        : base("run", "Answer a data source, here or together with a tail.",
            "edgeml run --model engines/shapes-vgg --data shapes:seed=1,difficulty=mixed --thresholds 0.3,0.3,0.3",
            "edgeml run --model engines/shapes-vgg --data images:pictures --answers answers.csv --top 3",
            "edgeml run --model detector --data images:pictures --logits outputs.f32",
            "edgeml run --model engines/shapes-vgg --data shapes:seed=1 --tail 127.0.0.1:7410 --controller edgeml --latency-ms 20",
            "edgeml run --model engines/shapes-vgg --data shapes:seed=1 --cut 6 --tail tail-a:7410@2,tail-b:7410 --tail-choice balanced")
    {
        AddOptions([.. _options.All]);
        _compute.AddTo(this);
        _backend.AddTo(this);
        AddOptions(_otlp);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        RunRequest request = _options.Read(parsed);
        using BranchedModel model = _backend.Load(parsed, request.Model, cancellation, request.Threads, _compute);
        ModelManifest manifest = model.Manifest;
        using ImageSource source = request.Data.Open(manifest, request.Count);
        DataNotes.Show(source);
        int count = request.CountOf(source);
        RunTally.CheckRoom(count, request.Answers.Logits is null ? 0 : manifest.AnswerElements);
        TransitionTrace? record = request.Experience.NewRecord();
        DecisionLog? log = request.Json is null && request.Controller is null ? null : new DecisionLog(count);
        TailNotices? notices = request.Offload is { Tails.Length: > 0 } offload
            ? new TailNotices(offload.Addresses, offload.HasSeveral, request.Verbose) : null;
        if (notices is not null) notices.IsMuted = request.Offload.RequireTail;
        using AnswerLog answers = request.Answers.Open(manifest, source);
        var warnings = new RunWarnings(source);
        using OtlpExport.Export? export = Export(parsed);
        var setup = new RunSetup(request, model.Package) { Log = log, Record = record, Notices = notices };
        using var session = new EdgeSession(model, setup.Options(warnings.Hear));
        if (notices is not null) notices.IsMuted = false;
        var tally = new RunTally(count, manifest.Exits.Count, log);
        using var progress = new ProgressLine("tasks", count);
        var feed = new TaskFeed(session, source, tally, manifest.AnswerElements)
        {
            Logits = request.Answers.Logits is null ? null : new float[checked(count * manifest.AnswerElements)],
            Answers = answers,
            Progress = progress.Report,
        };
        if (request.InFlight == 1) feed.Run(count, cancellation);
        else await feed.RunAsync(count, request.InFlight, cancellation).ConfigureAwait(false);
        tally.Close();
        session.Flush();
        progress.Clear();
        if (tally.Tasks == 0) return 0; // the reader of the answers was gone before the first

        warnings.Judge(model.Package, tally);
        var report = new RunReport(
            manifest, tally, session.Control, session.EnergySource, request.Bounds.AreGiven, session.Guarantee, session.GuaranteeChecks)
        {
            Last = request.IsFixed ? null : session.Explanation,
            Decisions = log,
            Calibration = session.Calibration,
            Faults = session.BackgroundFaults,
            Tail = request.Offload.Tails.Length > 0 ? (request.Offload.Addresses, session.TailStatus) : null,
            Tails = session.Tails,
            ContradictoryAnswers = session.ContradictoryAnswers,
            Warnings = warnings.All,
        };
        if (!answers.ReaderIsGone) answers.Complete();
        answers.Show(Terminal.Out);
        report.Show(Terminal.Out);
        notices?.Summarise(tally);
        if (request.Answers.Logits is { } logits)
            OutputFile.Write(logits, stream => stream.Write(MemoryMarshal.AsBytes(feed.Logits.AsSpan())));
        if (request.Json is { } json) report.WriteJson(json);
        record?.Save(request.Experience.Out!);
        return 0;
    }

    OtlpExport.Export? Export(ParseResult parsed) => (parsed.GetValue(_otlp) ?? OtlpExport.FromEnvironment()) is { } collector
        ? OtlpExport.Start(collector, "edgeml-run", new ServerLog(LogLevel.Warning), EdgeMetrics.MeterName)
        : null;
}
