using System.Net;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Numerics;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Scenarios;
using EdgeML.Simulation.Worlds;
using EdgeML.Training.Data;

namespace EdgeML.Simulation.Validation;

/// <summary>Runs fixed policies live, over a tail in another process, and again in the simulator: same inputs, same order.</summary>
/// <remarks>
/// The simulator gets the inputs of <c>simulate</c>: the profile of the edge (without emulation measured between the turns, median), the
/// tail's times from the handshake, every exit's output for the inputs, and rate and round-trip time as configured; nothing that the live
/// tasks measured.
/// </remarks>
/// <param name="model">Loaded.</param>
/// <param name="data">Inputs; the first ones are taken, by every policy the same.</param>
/// <param name="settings">The settings of the run.</param>
sealed class ValidationCheck(BranchedModel model, DataSpec data, ValidationSettings settings)
{
    const int ProfileRuns = 20;
    const int WarmUpTasks = 4;

    /// <summary>More than loopback carries: such a relay only delays.</summary>
    const double NoLimitMbps = 100_000;

    /// <summary>No policy here is in a hurry; a task that takes longer than this is a fault and is finished on the edge.</summary>
    const double DeadlineMs = 20_000;

    /// <summary>Often enough for a tail not to take a waiting session for gone.</summary>
    static readonly TimeSpan s_ping = TimeSpan.FromSeconds(10);

    static readonly TimeSpan s_connectLimit = TimeSpan.FromSeconds(10);

    readonly List<DeviceProfile> _machine = [];

    /// <summary>Live tasks of one run, warm-up included.</summary>
    public int LiveTasks => settings.Policies * (settings.Tasks + WarmUpTasks);

    /// <summary>Runs everything; blocks.</summary>
    /// <param name="tail">Where the tail listens; no other client may use it meanwhile.</param>
    /// <param name="progress">Gets the number done, after every live task.</param>
    /// <param name="cancellation">Checked between tasks.</param>
    /// <exception cref="InvalidOperationException">The tail does not answer.</exception>
    public ValidationReport Run(IPEndPoint tail, Action<int> progress, CancellationToken cancellation)
    {
        using ImageSource source = data.Open(model.Manifest, settings.Tasks);
        ExitCalibration exits = RecordedInputs.Record(model, source, settings.Tasks, cancellation).ToCalibration();
        IReadOnlyList<ValidationPolicy> policies = ValidationPolicy.Choose(model.Manifest, exits, settings.Policies);
        _machine.Clear();
        DeviceProfile edge = Profile(cancellation).Scaled(settings.EdgeSlowdown);
        using var link = new LinkShaper(new LinkShaperOptions
        {
            Target = tail,
            Trace = LinkTrace.Constant(settings.RelayMbps ?? NoLimitMbps, settings.RttMs),
        });
        (LinkSnapshot measured, DeviceProfile tailProfile) = Look(link, cancellation);
        ValidationTask[][] live = RunLive(link, policies, source, edge, progress, cancellation);
        // A machine as it is has the speed it had in between; an emulated one the speed it was given.
        if (settings.EdgeSlowdown <= 1) edge = Median(_machine);
        ValidationRow[] rows =
        [
            .. policies.Select((policy, i) =>
                new ValidationRow(policy, live[i], Simulate(policy, exits, edge, tailProfile, source.HasBytes))),
        ];
        return new ValidationReport(
            settings, rows, measured, edge.UnitMs.Sum(), (_machine[0].UnitMs.Sum(), _machine[^1].UnitMs.Sum()),
            tailProfile.UnitMs.Sum());
    }

    DeviceProfile Profile(CancellationToken cancellation)
    {
        _machine.Add(DeviceProfiler.Measure(model, "edge", ProfileRuns, cancellation: cancellation));
        return _machine[^1];
    }

    static DeviceProfile Median(List<DeviceProfile> profiles)
    {
        return profiles[0] with { UnitMs = Medians(profile => profile.UnitMs), HeadMs = Medians(profile => profile.HeadMs) };

        double[] Medians(Func<DeviceProfile, IReadOnlyList<double>> times) =>
            [.. times(profiles[0]).Select((_, i) => Statistics.Median(profiles.Select(profile => times(profile)[i])))];
    }

    /// <summary>The link and tail that a separate client measures while nothing else runs.</summary>
    (LinkSnapshot Link, DeviceProfile Tail) Look(LinkShaper link, CancellationToken cancellation)
    {
        using var client = new TailClient(Client(link) with { ProbeInterval = TimeSpan.FromMilliseconds(100) }, model.Manifest);
        if (!client.WaitUntilUp(s_connectLimit))
            throw new InvalidOperationException($"the tail does not answer over the link: {client.LastFault ?? "no connection"}");
        if (cancellation.WaitHandle.WaitOne(TimeSpan.FromSeconds(2))) cancellation.ThrowIfCancellationRequested();
        return (client.Snapshot(), client.TailProfile!);
    }

    ValidationTask[][] RunLive(
        LinkShaper link, IReadOnlyList<ValidationPolicy> policies, ImageSource source, DeviceProfile edge, Action<int> progress,
        CancellationToken cancellation)
    {
        var sessions = new Dictionary<TensorEncoding, EdgeSession>();
        try
        {
            foreach (TensorEncoding codec in policies.Select(policy => policy.Codec).Distinct())
                sessions.Add(codec, Session(link, codec, edge));
            ValidationTask[][] live = [.. policies.Select(_ => new ValidationTask[settings.Tasks])];
            int done = 0;
            var input = new ValidationInput(source, settings.Tasks);
            for (int round = -1; round < settings.Rounds; round++)
            {
                (int from, int to) = round < 0 ? (0, WarmUpTasks) : (Share(round), Share(round + 1));
                for (int p = 0; p < live.Length; p++)
                {
                    ValidationPolicy policy = policies[p];
                    EdgeSession session = sessions[policy.Codec];
                    session.Policy = policy.Policy;
                    for (int task = from; task < to; task++)
                    {
                        cancellation.ThrowIfCancellationRequested();
                        TaskResult result = input.Run(session, task % settings.Tasks);
                        if (round >= 0) live[p][task] = Task(result);
                        progress(++done);
                    }
                }
                Profile(cancellation);
            }
            return live;
        }
        finally
        {
            foreach (EdgeSession session in sessions.Values) session.Dispose();
        }

        int Share(int round) => (int)((long)round * settings.Tasks / settings.Rounds);
    }

    EdgeSession Session(LinkShaper link, TensorEncoding codec, DeviceProfile edge) => new(model, new EdgeSessionOptions
    {
        Codec = codec,
        DeadlineMs = DeadlineMs,
        ConnectWait = s_connectLimit,
        // Several sessions share the link; one that waits must not put probes between the tasks of another. And a machine that is too busy
        // to answer a ping in time makes a task late, not local.
        Tail = Client(link) with { ProbeInterval = TimeSpan.Zero, PingInterval = s_ping, ProbeTimeout = s_ping },
        Profile = edge,
        KeepGuarantee = false,
        Emulation = settings.EdgeSlowdown > 1 ? new DeviceEmulation(edge, settings.EdgeSlowdown) : null,
    });

    ValidationTask[] Simulate(
        ValidationPolicy policy, ExitCalibration exits, DeviceProfile edge, DeviceProfile tail, bool bytes)
    {
        var link = new VirtualLink(settings.PayloadMbps * 1e6, settings.RttMs);
        var world = new VirtualWorld
        {
            Manifest = model.Manifest,
            Edge = edge,
            Tail = tail,
            Samples = exits,
            Link = (_, _) => link,
            Bounds = (_, _) => Requirements.None,
            Tasks = settings.Tasks,
            DeadlineMs = DeadlineMs,
            PayloadBytes = PayloadSize.SentAtCuts(model.Manifest, policy.Codec, bytes),
        };
        VirtualRun run = new VirtualEdge(world).Run(new FixedController(policy.Policy));
        return
        [
            .. run.Records.Select(record => new ValidationTask(
                record.Exit, record.Offloaded, record.LatencyMs, record.EdgeMs - record.StandbyMs, record.WireMs,
                record.TailMs + record.QueueMs)),
        ];
    }

    static ValidationTask Task(in TaskResult result) =>
        new(result.Exit, result.Offloaded, result.LatencyMs, result.EdgeMs - result.StandbyMs, result.WireMs, result.TailMs + result.QueueMs);

    static TailClientOptions Client(LinkShaper link) => new() { Host = link.EndPoint.Address.ToString(), Port = link.EndPoint.Port };
}
