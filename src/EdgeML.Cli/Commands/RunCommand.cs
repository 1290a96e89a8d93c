using System.Collections.Concurrent;
using System.CommandLine;
using System.Runtime.InteropServices;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Running;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Energy;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Decisions;
using EdgeML.Training.Data;
using EdgeML.Training.Evaluation;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml run</c>: answers a data source, here or together with a tail.</summary>
sealed class RunCommand : CliCommand
{
    const int DefaultCount = 1000;

    readonly Option<string> _model = SharedOptions.Model();
    readonly BackendSelection _backend = new();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<int?> _count = SharedOptions.Count("--count", $"Tasks; all of a finite source, else {DefaultCount}.");
    readonly Option<float[]?> _thresholds = SharedOptions.Thresholds();
    readonly Option<CutChoice?> _cut = SharedOptions.Cut();
    readonly Option<HostPort?> _tail = SharedOptions.Tail();
    readonly Option<bool> _requireTail = new("--require-tail")
    {
        Description = "End with an error where the tail cannot be used at the start, instead of answering everything here.",
    };
    readonly Option<string?> _codec = SharedOptions.Codec("How cut tensors travel (fp32).");
    readonly Option<int?> _bottleneck = SharedOptions.Count(
        "--bottleneck", "Send by this bottleneck of the package, at its cut; edgeml inspect lists them.");
    readonly Option<string?> _rawInput = SharedOptions.OneOf(
        "--raw-input", "off: the input itself is never sent, so cut 0 is none that may be used (on).", "on", "off");
    readonly Option<int?> _standby = SharedOptions.Standby();
    readonly Option<string?> _controller = SharedOptions.OneOf("--controller", "Who chooses policies (fixed).",
        [.. BaselineControllers.Names]);
    readonly Option<double?> _latency = SharedOptions.Positive("--latency-ms", "L", "Latency bound of a task.");
    readonly Option<double?> _energy = SharedOptions.Positive("--energy-j", "E", "Energy bound of a task on the edge device.");
    readonly Option<string?> _source = SharedOptions.OneOf(
        "--energy", "What measures energy; the first of these that answers unless given.", [.. EnergySensors.Names]);
    readonly Option<double?> _deadline = SharedOptions.Positive("--deadline-ms", "D",
        "When the edge stops waiting for the tail (the latency bound, else 1000).");
    readonly Option<int?> _inFlight = SharedOptions.Count("--in-flight", "Tasks under way at the same time (1).");
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads that compute one task (1).");
    readonly Option<string?> _guarantee = SharedOptions.OneOf(
        "--promise", "Whether thresholds stay inside the limits of edgeml calibrate (keep).", "keep", "ignore");
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly Option<string?> _logits = SharedOptions.OutputFile("--logits", "FILE",
        "Write the answering exits' logits, float32, in input order.");
    readonly Option<string?> _answers = SharedOptions.OutputFile(
        "--answers", "FILE|-", "Write every answer: input, class, name, confidence, exit, where, latency; - is standard output.",
        standardOutput: true);
    readonly Option<string?> _answersFormat = SharedOptions.OneOf(
        "--answers-format", "Form of --answers (by the file's ending: .jsonl, .ndjson and .json are JSON lines, all others CSV).", "csv", "jsonl");
    readonly Option<int?> _top = SharedOptions.Count("--top", "With --answers: also write the K most probable classes.");
    readonly ConcurrentQueue<string> _heard = new();
    readonly Option<string?> _json = SharedOptions.Json();
    readonly Option<string?> _traceOut =
        SharedOptions.OutputFile("--experience-out", "FILE", "Write what a learning controller experienced, for another device.");
    readonly Option<string?> _traceIn = new("--experience-in")
    {
        HelpName = "FILE",
        Description = "Start a learning controller with what one experienced on another device.",
    };

    public RunCommand()
        : base("run", "Answer a data source, here or together with a tail.",
            "edgeml run --model engines/shapes-vgg --data shapes:seed=1,difficulty=mixed --thresholds 0.3,0.3,0.3",
            "edgeml run --model engines/shapes-vgg --data images:pictures --answers answers.csv --top 3",
            "edgeml run --model engines/shapes-vgg --data shapes:seed=1 --tail 127.0.0.1:7410 --controller edgeml --latency-ms 20")
    {
        AddOptions(
            _model, _data, _count, _thresholds, _cut, _tail, _requireTail, _codec, _bottleneck, _rawInput, _standby, _controller, _latency, _energy, _source,
            _deadline, _inFlight, _threads, _guarantee, _seed, _logits, _answers, _answersFormat, _top, _json, _traceOut, _traceIn);
        _backend.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var spec = DataSpec.Parse(parsed.GetValue(_data)!);
        using var model = _backend.Load(parsed, parsed.GetValue(_model)!, cancellation, parsed.GetValue(_threads) ?? 1);
        using var source = spec.Open(model.Manifest, parsed.GetValue(_count));
        DataNotes.Show(source);
        int count = parsed.GetValue(_count) ?? (source.Count is { } all ? checked((int)all) : DefaultCount);
        CheckRoom(count, parsed.GetValue(_logits) is null ? 0 : model.Manifest.Classes);
        int inFlight = parsed.GetValue(_inFlight) ?? 1;
        TransitionTrace? record = parsed.GetValue(_traceOut) is null ? null : new TransitionTrace();
        DecisionLog? log = parsed.GetValue(_json) is null && parsed.GetValue(_controller) is null ? null : new DecisionLog(count);
        TailNotices? notices = parsed.GetValue(_tail) is { } where ? new TailNotices(where, parsed.GetValue(GlobalOptions.Verbose)) : null;
        if (notices is not null) notices.IsMuted = parsed.GetValue(_requireTail);
        using AnswerLog answers = AnswerLogOf(parsed, model.Manifest, source);
        using var session = new EdgeSession(model, SessionOptions(parsed, model, inFlight, record, log, notices));
        if (notices is not null) notices.IsMuted = false;
        var tally = new RunTally(count, model.Manifest.Exits.Count, log);
        using var progress = new ProgressLine("tasks", count);
        var feed = new TaskFeed(session, source, tally, model.Manifest.Classes)
        {
            Logits = parsed.GetValue(_logits) is null ? null : new float[checked(count * model.Manifest.Classes)],
            Answers = answers,
            Progress = progress.Report,
        };
        if (inFlight == 1) feed.Run(count, cancellation);
        else await feed.RunAsync(count, inFlight, cancellation).ConfigureAwait(false);
        tally.Close();
        session.Flush();
        progress.Clear();
        if (tally.Tasks == 0) return 0; // the reader of the answers was gone before the first

        bool bounded = parsed.GetValue(_latency) is not null || parsed.GetValue(_energy) is not null;
        var report = new RunReport(
            model.Manifest, tally, session.Control, session.EnergySource, bounded, session.Guarantee, session.GuaranteeChecks)
        {
            Last = parsed.GetValue(_controller) is null or PolicyControllers.Fixed ? null : session.Explanation,
            Decisions = log,
            Calibration = session.Calibration,
            Faults = session.BackgroundFaults,
            Tail = parsed.GetValue(_tail) is { } address ? (address, session.TailStatus) : null,
            Warnings = Warnings(model, source, tally),
        };
        if (!answers.ReaderIsGone) answers.Complete();
        answers.Show(Terminal.Out);
        report.Show(Terminal.Out);
        notices?.Summarise(tally);
        if (parsed.GetValue(_logits) is { } logitsPath)
            OutputFile.Write(logitsPath, stream => stream.Write(MemoryMarshal.AsBytes(feed.Logits.AsSpan())));
        if (parsed.GetValue(_json) is { } jsonPath) report.WriteJson(jsonPath);
        record?.Save(parsed.GetValue(_traceOut)!);
        return 0;
    }

    /// <exception cref="ArgumentException">What is kept of so many tasks does not fit into memory.</exception>
    static void CheckRoom(int count, int logits)
    {
        if ((long)count * logits > Array.MaxLength)
            throw new ArgumentException(
                $"--count {count} with --logits keeps {(long)count * logits} numbers, at most {Array.MaxLength} are possible; run in parts");
        double bytes = count * (sizeof(double) + (sizeof(int) * 2.0) + (sizeof(float) * (double)logits));
        long free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > free / 2)
            throw new ArgumentException(FormattableString.Invariant(
                $"--count {count} keeps {bytes / (1 << 20):0} MB, more than half of the {free >> 20} MB of this machine; run in parts"));
    }

    AnswerLog AnswerLogOf(ParseResult parsed, ModelManifest manifest, ImageSource source)
    {
        string? path = parsed.GetValue(_answers), format = parsed.GetValue(_answersFormat);
        int top = parsed.GetValue(_top) ?? 0;
        if (path is null && (top > 0 || format is not null))
            throw new ArgumentException($"{(top > 0 ? "--top" : "--answers-format")} goes with --answers");
        if (top > manifest.Classes) throw new ArgumentException($"--top is {top}, model {manifest.Name} has {manifest.Classes} classes");
        string? ending = path is null ? null : Path.GetExtension(path).ToLowerInvariant();
        bool lines = format is null ? ending is ".jsonl" or ".ndjson" or ".json" : format == "jsonl";
        bool shows = !Console.IsOutputRedirected && !StandardOutput.IsClaimed;
        return new AnswerLog(source, manifest.ClassNames, path, lines ? AnswerFormat.JsonLines : AnswerFormat.Csv, top, shows);
    }

    List<string> Warnings(BranchedModel model, ImageSource source, RunTally tally)
    {
        List<string> warnings = [.. source.Warnings, .. _heard];
        int[] answered = [.. Enumerable.Range(1, model.Manifest.Exits.Count).Where(exit => tally.ExitCount(exit) > 0)];
        if (tally.Labelled
            && AccuracyDoubt.Of(model.Manifest, model.Package.Calibration, tally.Correct, tally.Tasks, answered) is { } doubt)
        {
            warnings.Add(doubt);
            DataNotes.Warn(doubt);
        }
        if (tally.NotNumbers > 0)
        {
            string text = $"{tally.NotNumbers} of {tally.Tasks} answers mean nothing: their scores are not numbers, "
                + "as where an input holds NaN or infinity or the network overflows";
            warnings.Add(text);
            DataNotes.Warn(text);
        }
        return warnings;
    }

    EdgeSessionOptions SessionOptions(
        ParseResult parsed, BranchedModel model, int inFlight, TransitionTrace? record, DecisionLog? log, TailNotices? notices)
    {
        var manifest = model.Manifest;
        string controller = parsed.GetValue(_controller) ?? PolicyControllers.Fixed;
        // An option that takes an array is empty, not null, where it was not given.
        bool thresholdsGiven = parsed.GetValue(_thresholds) is { Length: > 0 };
        float[] thresholds = thresholdsGiven ? parsed.GetValue(_thresholds)! : new float[manifest.SideExits];
        if (thresholds.Length != manifest.SideExits)
            throw new ArgumentException($"{thresholds.Length} thresholds, model {manifest.Name} has {manifest.SideExits} side exits");
        int bottleneck = parsed.GetValue(_bottleneck) ?? 0;
        int cut = bottleneck == 0 || parsed.GetValue(_cut) is not null
            ? (parsed.GetValue(_cut) ?? CutChoice.Local).Resolve(manifest.LocalCut, manifest.Name)
            : CutOf(model.Package, bottleneck);
        int? standby = parsed.GetValue(_standby);
        bool isFixed = controller == PolicyControllers.Fixed;
        if (!isFixed && (thresholdsGiven || parsed.GetValue(_cut) is not null || bottleneck > 0 || standby > 0))
            throw new ArgumentException(
                $"controller {controller} chooses thresholds and cut; "
                    + "--thresholds, --cut, --bottleneck and --standby go with --controller fixed");
        if ((parsed.GetValue(_traceIn) ?? parsed.GetValue(_traceOut)) is not null && !PolicyControllers.LearningNames.Contains(controller))
        {
            string learning = string.Join(", ", PolicyControllers.LearningNames);
            throw new ArgumentException($"controller {controller} does not learn; --experience-in and --experience-out go with {learning}");
        }
        TransitionTrace? source = parsed.GetValue(_traceIn) is { } traceIn ? TransitionTrace.Load(traceIn) : null;
        var tail = parsed.GetValue(_tail);
        if (tail is null && parsed.GetValue(_requireTail)) throw new ArgumentException("--require-tail goes with --tail");
        return new EdgeSessionOptions
        {
            InFlight = inFlight,
            Codec = SharedOptions.CodecOf(parsed, _codec),
            DeadlineMs = parsed.GetValue(_deadline),
            Tail = tail is { } address
                ? new TailClientOptions { Host = address.Host, Port = address.Port, Logger = notices } : null,
            RequireTail = parsed.GetValue(_requireTail),
            CreateController = isFixed
                ? null
                : context => Logged(BaselineControllers.Create(controller, context with { SourceTrace = source, RecordTrace = record }), log),
            Policy = isFixed ? new ExitPolicy(thresholds, cut, ControlIntervals.MaxInterval, bottleneck, standby ?? 0) : null,
            OnWarning = warning =>
            {
                _heard.Enqueue(warning);
                DataNotes.Warn(warning);
            },
            RawInput = parsed.GetValue(_rawInput) != "off",
            AllowStandby = standby != 0,
            KeepGuarantee = parsed.GetValue(_guarantee) != "ignore",
            Seed = (int)(parsed.GetValue(_seed) ?? 1),
            Energy = new EnergySensorOptions { Source = parsed.GetValue(_source) },
            Requirements = new Requirements(parsed.GetValue(_latency) ?? double.PositiveInfinity,
                parsed.GetValue(_energy) ?? double.PositiveInfinity),
        };
    }

    static int CutOf(ModelPackage package, int bottleneck)
    {
        int known = package.Bottlenecks.Items.Count;
        if (bottleneck > known)
            throw new ArgumentException($"bottleneck {bottleneck} does not exist, the package of {package.Manifest.Name} holds {known}");
        return package.Bottlenecks.Items[bottleneck - 1].Cut;
    }

    static IPolicyController Logged(IPolicyController controller, DecisionLog? log) =>
        log is null ? controller : new LoggingController(controller, log);
}
