using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Faults;

/// <summary>One device of a campaign: a session over a faulty link, tasks in small groups under changing policies, and a check of every
/// answer. Used by one thread.</summary>
sealed class FaultyDevice : IDisposable
{
    const int MostTogether = 4, MostBetween = 4;
    const double TogetherShare = 0.3;
    const float TriedThreshold = 0.3f;

    /// <summary>A link that is down this long does not come back.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly LocalAnswers _answers;
    readonly FaultSettings _settings;
    readonly FaultyRelay _relay;
    readonly EdgeSession _session;
    readonly ExitPolicy[] _policies;
    readonly int _requestBytes;
    readonly Random _random;
    readonly HashSet<long> _ids = [];

    public FaultyDevice(BranchedModel model, LocalAnswers answers, SpareTails tails, FaultSettings settings, int seed)
    {
        (_answers, _settings, _random) = (answers, settings, new Random(seed));
        _policies = [.. Policies(model.Manifest)];
        _requestBytes = (int)_policies.Max(policy => PayloadSize.Of(model.Manifest, BottleneckSet.None, policy, TensorEncoding.Float32));
        _relay = new FaultyRelay(() => tails.EndPoint, tails.Strike);
        _session = new EdgeSession(model, new EdgeSessionOptions
        {
            InFlight = MostTogether,
            DeadlineMs = settings.DeadlineMs,
            ConnectWait = s_patience,
            Tail = new TailClientOptions
            {
                Host = _relay.EndPoint.Address.ToString(),
                Port = _relay.EndPoint.Port,
                Tls = settings.Tls,
                // Faults come one after another: a device that waits as long as usual would spend the run waiting.
                FirstBackoff = TimeSpan.FromMilliseconds(5),
                LongestBackoff = TimeSpan.FromMilliseconds(50),
                StallLimit = TimeSpan.FromMilliseconds(2 * settings.DeadlineMs),
                Limits = new ProtocolLimits { HandshakeDeadline = TimeSpan.FromSeconds(1) },
            },
        });
    }

    /// <summary>Faults by kind that struck its link.</summary>
    public Dictionary<LinkFaultKind, int> Struck { get; } = [];

    /// <summary>The tasks so far.</summary>
    public FaultTally Tally { get; private set; } = new();

    /// <summary>Groups of tasks so far.</summary>
    public int Groups { get; private set; }

    /// <summary>Exceptions of its background threads, which a link cannot cause.</summary>
    public IReadOnlyList<string> BackgroundFaults => _session.BackgroundFaults;

    /// <summary>Answers of the tail that were not believed; no fault of the link may lead to one.</summary>
    public long Contradictions => _session.ContradictoryAnswers;

    /// <summary>Runs tasks while so many faults strike, one after another, and then until the tail answers again.</summary>
    public void Suffer(int faults, Action struck)
    {
        for (int i = 0; i < faults; i++)
        {
            RunUntil(() => _session.Link.Up, "the link is up");
            for (int left = _random.Next(MostBetween); left > 0; left--) RunGroup();
            LinkFault fault = LinkFault.Draw(_random, _requestBytes, _settings.DeadlineMs);
            _relay.Arm(fault);
            RunUntil(() => !_relay.IsArmed, $"a fault has struck: {fault}");
            RunGroup();
            Struck[fault.Kind] = Struck.GetValueOrDefault(fault.Kind) + 1;
            struck();
        }
        long offloaded = Tally.Offloaded;
        RunUntil(() => Tally.Offloaded > offloaded, "the tail answers again");
    }

    /// <summary>Runs groups of tasks over the link as it is, into a separate tally.</summary>
    public FaultTally RunCalm(int groups)
    {
        FaultTally suffered = Tally;
        Tally = new FaultTally();
        RunUntil(() => _session.Link.Up, "the link is up");
        var calm = Tally = new FaultTally();
        for (int i = 0; i < groups; i++) RunGroup();
        Tally = suffered;
        return calm;
    }

    public void Dispose()
    {
        _session.Dispose();
        _relay.Dispose();
    }

    /// <summary>Several cuts before the last one, with and without exits that may answer, and with a standby exit.</summary>
    public static IEnumerable<ExitPolicy> Policies(ModelManifest manifest)
    {
        float[] none = new float[manifest.SideExits], some = new float[manifest.SideExits];
        Array.Fill(some, TriedThreshold);
        foreach (CutInfo cut in manifest.Cuts.Where(cut => cut.Candidate && cut.K < manifest.LocalCut))
        {
            yield return new ExitPolicy(none, cut.K);
            yield return new ExitPolicy(some, cut.K);
            if (manifest.SideExits > 0 && cut.K < manifest.Exits[0].AfterUnit) yield return new ExitPolicy(none, cut.K, standby: 1);
        }
    }

    void RunUntil(Func<bool> reached, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!reached())
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
                throw new TimeoutException($"{s_patience.TotalSeconds:0} s of tasks, and not yet: {what}; tail {_session.TailStatus}");
            RunGroup();
            // Tasks that are not sent end at once; without a pause they would be most of all tasks.
            if (!_session.Link.Up) Thread.Sleep(2);
        }
    }

    void RunGroup()
    {
        Groups++;
        ExitPolicy policy = _policies[_random.Next(_policies.Length)];
        _session.Policy = policy;
        int count = _random.NextDouble() < TogetherShare ? _random.Next(2, MostTogether + 1) : 1;
        int[] pictures = [.. Enumerable.Range(0, count).Select(_ => _random.Next(_answers.Count))];
        Tally.Begun += pictures.Length;
        if (pictures.Length == 1)
        {
            Check(pictures[0], policy, _session.Run(_answers.Picture(pictures[0])));
            return;
        }
        Task<TaskResult>[] tasks = [.. pictures.Select(picture => _session.RunAsync(_answers.Picture(picture)).AsTask())];
        Task.WhenAll(tasks).GetAwaiter().GetResult();
        for (int i = 0; i < tasks.Length; i++) Check(pictures[i], policy, tasks[i].Result);
    }

    void Check(int picture, in ExitPolicy policy, in TaskResult result)
    {
        Tally.Count(result);
        if (!_ids.Add(result.TaskId)) Tally.Complain($"task {result.TaskId} was answered twice");
        if (_answers.Fault(picture, policy, result) is { } fault) Tally.Complain($"picture {picture}, cut {policy.Cut}, {result.Where}: {fault}");
    }
}
