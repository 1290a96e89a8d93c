using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Simulating;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Commands;

/// <summary><c>edgeml simulate</c>: a controller over recorded samples, a profile and a link, in virtual time.</summary>
sealed class SimulateCommand : CliCommand
{
    const double DefaultLatencyMs = 100;

    /// <summary>Every task's record is kept until the end: some 2 GB.</summary>
    const long MostTasks = 5_000_000;

    readonly Option<string> _profile = Required("--profile", "P.csv", "Unit and head times of edge and tail, from edgeml profile.");
    readonly Option<string?> _device = new("--device")
    {
        HelpName = "NAME",
        Description = "Edge device, a column edge_ms_NAME of the profile; not needed where there is one.",
    };
    readonly Option<string> _exits = Required("--exits", "E.csv", "What every exit said of recorded samples, from edgeml record.");
    readonly Option<string> _link = Required("--link", "SPEC",
        "constant:MBPS | square:MBPS,MBPS,tasks=N | steps:MBPS,MBPS@TASK,... | paper:s2 | paper:s3 | FILE.csv of seconds,mbps");
    readonly Option<double?> _rtt = SharedOptions.NotNegative("--rtt-ms", "R", "Round-trip time; a trace's own unless given.");
    readonly Option<double?> _jitter = SharedOptions.NotNegative(
        "--jitter-ms", "J", "Standard deviation of the round-trip time of single transfers; 0 unless given.");
    readonly Option<double?> _computeJitter = SharedOptions.NotNegative(
        "--compute-jitter", "PCT", "Standard deviation of computing times in percent; 5 unless given.");
    readonly Option<string> _controller = Required("--controller", "NAME", string.Join(" | ", ReplayControllers.Names));
    readonly Option<int?> _tasks = SharedOptions.Count("--tasks", "Number of tasks.");
    readonly Option<int?> _seeds = SharedOptions.Count("--seeds", "Number of seeds, 1, 2, ...; 1 unless given.");
    readonly Option<ulong?> _seed = new("--seed")
    {
        HelpName = "S",
        Description = "The first seed; 1 unless given.",
        CustomParser = CommandLine.Parse.Seed,
    };
    readonly Option<double?> _latency = SharedOptions.Positive("--latency-ms", "L", "Latency bound of a task; 100 unless given.");
    readonly Option<double?> _ghz = SharedOptions.Positive("--energy-ghz", "G", "Energy bound as the paper's GPU frequency.");
    readonly Option<double?> _joules = SharedOptions.Positive("--energy-j", "J", "Energy bound in joules by the declared power model.");
    readonly Option<string?> _ghzOver = SharedOptions.OneOf("--ghz-over",
        "What busy time is a share of: the latency bound (unless given), or, as the paper writes it, the task's own latency.",
        "bound", "latency");
    readonly Option<double?> _ghzMax = SharedOptions.Positive("--ghz-max", "F", "f_max; 0.92 for nano and 1.3 for others unless given.");
    readonly Option<string?> _raw = SharedOptions.OneOf(
        "--raw-input", "Whether the input itself may be sent; on unless given.", "on", "off");
    readonly Option<string?> _codec = SharedOptions.Codec("Bytes of a cut tensor on the wire; fp32 unless given.");
    readonly Option<double?> _mismatch = SharedOptions.NotNegative(
        "--mismatch", "PCT", "True unit times differ, seeded, by up to this from the profile controllers see.");
    readonly Option<string?> _arrivals = new("--arrivals")
    {
        HelpName = "poisson:RATE,queue=K",
        Description = "Tasks a second by themselves, K may wait; one after the other unless given.",
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
        Description = "What a decision costs the next task; declared per controller unless given. Measured differs from run to run.",
        CustomParser = DecisionMicros,
    };
    readonly Option<float[]?> _thresholds = SharedOptions.Thresholds();
    readonly Option<CutChoice?> _cut = SharedOptions.Cut();
    readonly Option<int?> _standby = SharedOptions.Standby();
    readonly Option<bool> _timing = new("--timing") { Description = "Also print how long the simulation took, in processor time." };
    readonly Option<string?> _traceOut = SharedOptions.OutputFile(
        "--experience-out", "FILE", "Write what a learning controller experienced, for another device; of one seed.");
    readonly Option<string?> _traceIn = new("--experience-in")
    {
        HelpName = "FILE",
        Description = "Start a learning controller with what one experienced on another device.",
    };
    readonly Option<double?> _traceShare = SharedOptions.NotNegative(
        "--experience-share", "S", "Share of a batch, 0..1, that comes from --experience-in at first, fading over 300 decisions; 0.5 unless given.");
    readonly Option<int?> _traceUpdates = SharedOptions.Count(
        "--experience-updates", "Updates from --experience-in alone before the first task; none unless given, as in the paper.");
    readonly Option<string?> _json = SharedOptions.Json();
    readonly Option<string?> _series = SharedOptions.OutputFile(
        "--series", "F.csv", "Also write every task with the decision it ran under.");

    public SimulateCommand()
        : base("simulate", "Replay a controller over recorded samples, a profile and a link in virtual time.",
            "edgeml simulate --profile vgg16.csv --device tx2 --exits exits.csv --link paper:s2 --tasks 2500 --seeds 5 " +
                "--controller edgeml --energy-ghz 1.2 --raw-input off",
            "edgeml simulate --profile p.csv --exits e.csv --link trace.csv --rtt-ms 44 --tasks 2000 --seeds 5 " +
                "--controller planner --energy-j 0.5 --json out.json",
            "edgeml simulate --profile p.csv --exits e.csv --link constant:10 --tasks 500 --controller fixed " +
                "--thresholds 0.3,0.3,0.3 --cut 6 --arrivals poisson:8,queue=2",
            "edgeml simulate --profile p.csv --device tx2 --exits e.csv --link paper:s3 --tasks 3000 --controller ddpg --experience-out tx2.trace",
            "edgeml simulate --profile p.csv --device nano --exits e.csv --link paper:s3 --tasks 3000 --controller ddpg --experience-in tx2.trace")
    {
        _tasks.Required = true;
        AddOptions(
            _profile, _device, _exits, _link, _rtt, _jitter, _computeJitter, _controller, _tasks, _seeds, _seed, _latency, _ghz, _joules,
            _ghzOver, _ghzMax, _raw, _codec, _mismatch, _arrivals, _shift, _deadline, _probe, _decision, _thresholds, _cut, _standby,
            _traceOut, _traceIn, _traceShare, _traceUpdates, _timing, _json, _series);
    }

    protected override Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string controller = parsed.GetRequiredValue(_controller);
        if (!ReplayControllers.Names.Contains(controller))
            throw new ArgumentException($"controller '{controller}' is none of {string.Join(", ", ReplayControllers.Names)}");
        ReplayScenario scenario = ScenarioOf(parsed);
        int first = (int)Math.Min(parsed.GetValue(_seed) ?? 1, int.MaxValue - 1_000_000);
        int seeds = parsed.GetValue(_seeds) ?? 1;
        if ((long)seeds * scenario.Tasks > MostTasks)
            throw new ArgumentException($"--tasks {scenario.Tasks} of --seeds {seeds} are more than the {MostTasks} kept in memory");
        ReplayTraces? traces = TracesOf(parsed, controller, seeds);
        ReplayPool pool = Run(scenario, controller, first, seeds, traces, cancellation);
        SimulateReport.Show(pool, scenario);
        if (parsed.GetValue(_timing)) SimulateReport.ShowTiming(pool);
        if (parsed.GetValue(_json) is { } json) JsonFile.Write(json, SimulateJson.Of(pool), SimulateJsonContract.Default.SimulateJson);
        if (parsed.GetValue(_series) is { } series)
        {
            OutputFile.WriteText(series, writer => SeriesFile.Write(writer, pool.Results));
        }
        traces?.Record?.Save(parsed.GetValue(_traceOut)!);
        return Task.FromResult(0);
    }

    ReplayTraces? TracesOf(ParseResult parsed, string controller, int seeds)
    {
        string? source = parsed.GetValue(_traceIn), record = parsed.GetValue(_traceOut);
        double? share = parsed.GetValue(_traceShare);
        int? updates = parsed.GetValue(_traceUpdates);
        if (source is null && (share ?? updates) is not null)
            throw new ArgumentException("--experience-share and --experience-updates say how --experience-in is used, which is not given");
        if ((source ?? record) is null) return null;
        if (!PolicyControllers.LearningNames.Contains(controller))
        {
            string learning = string.Join(", ", PolicyControllers.LearningNames);
            throw new ArgumentException($"controller {controller} does not learn; --experience-in and --experience-out go with {learning}");
        }
        if (share > 1) throw new ArgumentException($"--experience-share is {share}, not within 0..1");
        if (record is not null && seeds > 1)
            throw new ArgumentException($"--experience-out takes what one seed experienced, --seeds is {seeds}");
        return new ReplayTraces
        {
            Source = source is null ? null : TransitionTrace.Load(source),
            SourceShare = share ?? new ReplayTraces().SourceShare,
            SourceUpdates = updates ?? 0,
            Record = record is null ? null : new TransitionTrace(),
        };
    }

    static ReplayPool Run(
        ReplayScenario scenario, string controller, int first, int seeds, ReplayTraces? traces, CancellationToken cancellation)
    {
        var results = new ReplayResult[seeds];
        var done = new int[seeds];
        using var progress = new ProgressLine("tasks", (long)scenario.Tasks * seeds);
        int sum = 0;
        void Advance(int index, int tasks)
        {
            int total = Interlocked.Add(ref sum, tasks - done[index]);
            done[index] = tasks;
            lock (done) progress.Report(Math.Max(1, total));
        }
        try
        {
            var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
            Parallel.For(0, seeds, options, i =>
                results[i] = ReplayRunner.Run(scenario, controller, first + i, tasks => Advance(i, tasks), traces, cancellation));
        }
        catch (AggregateException many) when (many.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(inner).Throw();
        }
        return new ReplayPool(results);
    }

    ReplayScenario ScenarioOf(ParseResult parsed)
    {
        ReplayProfile profile = ProfileFile.Load(parsed.GetRequiredValue(_profile), parsed.GetValue(_device));
        ExitCalibration samples = ExitsFile.Load(parsed.GetRequiredValue(_exits));
        double latencyMs = parsed.GetValue(_latency) ?? DefaultLatencyMs;
        double? ghz = parsed.GetValue(_ghz), joules = parsed.GetValue(_joules);
        if (ghz is not null && joules is not null)
            throw new ArgumentException($"--energy-ghz {ghz} and --energy-j {joules} are both given; energy has one bound");
        if (ghz is null && (parsed.GetValue(_ghzOver) ?? (object?)parsed.GetValue(_ghzMax)) is not null)
            throw new ArgumentException("--ghz-over and --ghz-max say how --energy-ghz is computed, which is not given");
        string controller = parsed.GetRequiredValue(_controller);
        float[]? thresholds = parsed.GetValue(_thresholds) is { Length: > 0 } given ? given : null;
        CutChoice? cut = parsed.GetValue(_cut);
        int? standby = parsed.GetValue(_standby);
        if (controller != PolicyControllers.Fixed && ((thresholds ?? (object?)cut) is not null || standby > 0))
            throw new ArgumentException($"--thresholds, --cut and --standby are the policy of controller fixed, not of {controller}");
        ModelManifest manifest = profile.Manifest;
        return new ReplayScenario(profile, samples)
        {
            Link = LinkCourse.Parse(parsed.GetRequiredValue(_link), parsed.GetValue(_rtt) ?? double.NaN),
            Bounds = new Requirements(latencyMs, ghz ?? joules ?? double.PositiveInfinity),
            Tasks = parsed.GetValue(_tasks)!.Value,
            Power = ghz is null ? PowerModel.Default : new FrequencyProxy(
                FrequencyProxy.DefaultIdleGhz, parsed.GetValue(_ghzMax) ?? FrequencyProxy.MaxGhzOf(profile.Edge.Device),
                parsed.GetValue(_ghzOver) == "latency" ? double.NaN : latencyMs),
            Codec = SharedOptions.CodecOf(parsed, _codec),
            RawInput = parsed.GetValue(_raw) != "off",
            ComputeJitter = Percent(parsed, _computeJitter, 5),
            RttJitterMs = parsed.GetValue(_jitter) ?? 0,
            Mismatch = Percent(parsed, _mismatch, 0),
            Arrivals = parsed.GetValue(_arrivals) is { } arrivals ? ArrivalProcess.Parse(arrivals) : null,
            Shift = parsed.GetValue(_shift) is { } shift ? InputShift.Parse(shift) : InputShift.None,
            DeadlineMs = parsed.GetValue(_deadline),
            ProbeSeconds = (parsed.GetValue(_probe) ?? 1000) / 1000,
            DecisionMicros = parsed.GetValue(_decision),
            FixedPolicy = new ExitPolicy(
                thresholds ?? new float[manifest.SideExits], (cut ?? CutChoice.Local).Resolve(manifest.LocalCut, manifest.Name),
                ControlIntervals.MaxInterval, standby: standby ?? 0),
            AllowStandby = standby != 0,
        };
    }

    static double Percent(ParseResult parsed, Option<double?> option, double otherwise)
    {
        double percent = parsed.GetValue(option) ?? otherwise;
        // Three standard deviations, or the largest error, must leave times above 0.
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

    static Option<string> Required(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Required = true };
}
