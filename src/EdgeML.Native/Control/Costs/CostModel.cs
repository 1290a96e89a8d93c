using System.Runtime.CompilerServices;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Costs;

/// <summary>Latency, energy and accuracy of any policy on one model, one edge and one tail, from measured unit times and a
/// calibration.</summary>
/// <remarks>
/// Cut k runs units 1..k on the edge. A side exit is tried where its unit runs, one exactly at the cut on the edge, and only with a
/// threshold above 0. An answer of the edge costs the units and heads up to its exit; an answer of the tail costs the edge's part, one
/// round trip, the cut tensor at the link's rate, waiting, and the tail's part. Tables are immutable; only the tail's times and the
/// exits' calibration may be replaced, from any thread. Methods allocate nothing.
/// </remarks>
public sealed class CostModel
{
    /// <summary>Prelude and header of a request, bytes.</summary>
    public const int FrameBytes = 96;

    /// <summary>How much faster than the edge a tail is assumed to be until it says so itself.</summary>
    public const double GuessedTailSpeed = 12;

    sealed record Times(double[] Prefix, double[] Heads, double[] Encode, double[] Decode);

    /// <summary>The calibration of the exits.</summary>
    /// <param name="Statistics">Shares and right answers.</param>
    /// <param name="Mix">Under the inputs as calibrated.</param>
    /// <param name="Kept">By bottleneck, 0 for none: the share of right answers it keeps.</param>
    /// <param name="Judged">The definition of a right answer.</param>
    sealed record Knowledge(ExitStatistics Statistics, ExitMix Mix, double[] Kept, AccuracyBasis Judged);

    readonly Times _edge;
    readonly double[] _payloadBytes;
    readonly int[] _afterUnit;
    readonly BottleneckSet _bottlenecks;
    readonly IReadOnlyList<float>? _limits;
    readonly bool _sceptical;
    volatile Knowledge _exits;
    volatile Times _tail;
    volatile bool _usesBottlenecks = true;

    /// <summary>Builds the tables; takes some ten milliseconds.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="edge">Times of the edge device.</param>
    /// <param name="tail">Times of the tail; without them a twelfth of the edge's is assumed until <see cref="UseTail"/>.</param>
    /// <param name="calibration">The exits' outputs for sample inputs; without them their accuracy is unknown, and no plan counts on an
    /// exit while the whole network is expected inside the bounds.</param>
    /// <param name="power">Power of the edge device; by default as its profile declares.</param>
    /// <param name="payloadBytes">Bytes that cut 0, 1, ... put on the wire under the codec in use; by default the manifest's.</param>
    /// <param name="rawInput">Whether cut 0, sending the input itself, is considered.</param>
    /// <param name="guarantee">Limits that planned thresholds stay inside; null for none.</param>
    /// <param name="bottlenecks">Further candidates at their cuts; null for none.</param>
    /// <exception cref="ArgumentException">A profile or calibration that does not fit the model.</exception>
    public CostModel(ModelManifest manifest, DeviceProfile edge, DeviceProfile? tail, ExitCalibration? calibration,
                     PowerModel? power = null, IReadOnlyList<long>? payloadBytes = null, bool rawInput = true, AccuracyGuarantee? guarantee = null,
                     BottleneckSet? bottlenecks = null)
        : this(manifest, edge, tail, calibration, null, power, payloadBytes, rawInput, guarantee, bottlenecks, sceptical: false)
    {
    }

    /// <summary>For a running session: gains of an exit that may be sampling noise do not count. A loss that the samples did not show is
    /// allowed for, and a side exit gets no credit for being right where the whole network is wrong.</summary>
    internal static CostModel Sceptical(ModelManifest manifest, DeviceProfile edge, ExitCalibration? calibration,
                                        IReadOnlyList<long>? payloadBytes, AccuracyGuarantee? guarantee, BottleneckSet? bottlenecks,
                                        bool allowsStandby, bool rawInput = true) =>
        new(manifest, edge, null, calibration, null, edge.Power, payloadBytes, rawInput, guarantee, bottlenecks, sceptical: true)
        {
            AllowsStandby = allowsStandby && guarantee is null,
        };

    /// <summary>With statistics that were counted before: those of one model may serve any device.</summary>
    internal CostModel(ExitStatistics statistics, ModelManifest manifest, DeviceProfile edge, DeviceProfile? tail,
                       PowerModel? power = null, IReadOnlyList<long>? payloadBytes = null, bool rawInput = true)
        : this(manifest, edge, tail, null, statistics, power, payloadBytes, rawInput, null, null, sceptical: false)
    {
    }

    CostModel(ModelManifest manifest, DeviceProfile edge, DeviceProfile? tail, ExitCalibration? calibration, ExitStatistics? statistics,
              PowerModel? power, IReadOnlyList<long>? payloadBytes, bool rawInput, AccuracyGuarantee? guarantee, BottleneckSet? bottlenecks,
              bool sceptical)
    {
        Manifest = manifest;
        _bottlenecks = bottlenecks ?? BottleneckSet.None;
        Power = power ?? edge.Power;
        _edge = Tabulate(edge);
        _tail = Tabulate(tail ?? edge.Scaled(1 / GuessedTailSpeed));
        if (payloadBytes is not null && payloadBytes.Count != manifest.Cuts.Count)
            throw new ArgumentException($"{payloadBytes.Count} payload sizes for {manifest.Cuts.Count} cuts", nameof(payloadBytes));
        _payloadBytes = [.. manifest.Cuts.Select((cut, k) => (double)(payloadBytes?[k] ?? cut.Bytes) + FrameBytes)];
        _afterUnit = [.. manifest.Exits.Select(exit => exit.AfterUnit)];
        Cuts = [.. manifest.Cuts.Where(cut => cut.K == LocalCut || (cut.Candidate && (rawInput || cut.K > 0))).Select(cut => cut.K)];
        Candidates =
        [
            .. Cuts.SelectMany(cut => _bottlenecks.Items
                .Select((item, i) => new CutCandidate(item.Cut, i + 1)).Where(each => each.Cut == cut)
                .Prepend(new CutCandidate(cut, 0))),
        ];
        AllowsStandby = guarantee is null;
        (_limits, _sceptical) = (guarantee?.Limits, sceptical);
        _exits = statistics is null ? Know(calibration) : Know(statistics, AccuracyBasis.Labels);
    }

    /// <summary>The model.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>Power of the edge device.</summary>
    public PowerModel Power { get; }

    /// <summary>Number of side exits.</summary>
    public int SideExits => Exits - 1;

    /// <summary>The cut that sends nothing.</summary>
    public int LocalCut => Manifest.LocalCut;

    /// <summary>The cuts controllers choose from, ascending; the last one is local.</summary>
    public IReadOnlyList<int> CandidateCuts => Cuts;

    /// <summary>Whether tail and edge hold the same bottlenecks; without, plans leave them out. From any thread.</summary>
    public bool UsesBottlenecks
    {
        get => _usesBottlenecks;
        set => _usesBottlenecks = value;
    }

    /// <summary>Whether an exit may answer in place of a late tail: not under a guarantee, which tells nothing about answers that are given
    /// whatever their entropy.</summary>
    internal bool AllowsStandby { get; init; }

    /// <summary>Whether an exit can be the standby exit under a cut: it follows the cut, or it is tried before it.</summary>
    internal bool CanStandBy(CutCandidate candidate, uint headMask) => Hedge(candidate).CanAnswer(headMask);

    /// <summary>The schedule of a candidate's standby exit, which must have one.</summary>
    HedgeSchedule Hedge(CutCandidate candidate) => new(candidate.Standby, candidate.Cut, _afterUnit[candidate.Standby - 1]);

    /// <summary>The heads that run under some thresholds; bit j - 1 is set where exit j is tried.</summary>
    internal uint Heads(ReadOnlySpan<float> thresholds) => Manifest.ExitRule.Tried(thresholds);

    /// <summary>Whether a policy's bottleneck exists at its cut.</summary>
    internal bool HasBottleneck(in ExitPolicy policy) => _bottlenecks.PayloadBytes(policy.Cut, policy.Bottleneck) > 0;

    /// <summary>Every cut controllers choose from, first in the session's codec, then by each of its bottlenecks.</summary>
    internal CutCandidate[] Candidates { get; }

    internal int Exits => _afterUnit.Length;

    internal int[] Cuts { get; }

    /// <summary>The calibration of the exits; another object after <see cref="UseCalibration"/>.</summary>
    internal ExitStatistics Statistics => _exits.Statistics;

    /// <summary>The basis of expected accuracies.</summary>
    internal AccuracyBasis Judged => _exits.Judged;

    internal SampleSet Samples => Statistics.Samples;

    internal ThresholdGrid Grid => Statistics.Grid;

    internal ThresholdGrid Compact => Statistics.Compact;

    internal ExitMix CalibratedMix => _exits.Mix;

    /// <summary>Milliseconds the first 0, 1, ... units take on the edge as profiled.</summary>
    internal double[] EdgePrefix => _edge.Prefix;

    /// <summary>Milliseconds of every head on the edge as profiled.</summary>
    internal double[] EdgeHeads => _edge.Heads;

    /// <summary>The unit every exit follows.</summary>
    internal int[] AfterUnits => _afterUnit;

    /// <summary>Milliseconds the whole network takes on the edge as profiled, no head counted.</summary>
    internal double LocalMs => _edge.Prefix[^1];

    /// <summary>Milliseconds the whole network takes on the tail as profiled.</summary>
    internal double TailMs => _tail.Prefix[^1];

    /// <summary>Bytes of a request of a cut on the wire.</summary>
    internal double PayloadBytes(int cut) => cut == LocalCut ? 0 : _payloadBytes[cut];

    /// <summary>Replaces the tail's times, for instance by those it reports in the handshake. From any thread.</summary>
    /// <exception cref="ArgumentException">Times that do not fit the model.</exception>
    public void UseTail(DeviceProfile tail) => _tail = Tabulate(tail);

    /// <summary>Replaces the calibration of the exits. Counting takes some ten milliseconds, on the caller's thread; controllers find the
    /// result at their next decision. From any thread.</summary>
    internal void UseCalibration(ExitCalibration calibration)
    {
        Knowledge next = Know(calibration);
        _ = (next.Statistics.Grid, next.Statistics.Compact);
        _exits = next;
    }

    Knowledge Know(ExitCalibration? calibration)
    {
        var samples = new SampleSet(calibration, Exits, doubts: _sceptical && calibration is not null ? CostDefaults.UnseenLosses : 0, rule: Manifest.ExitRule);
        AccuracyBasis judged = !Manifest.IsClassifier ? AccuracyBasis.NotApplicable : calibration is null ? AccuracyBasis.Unknown : calibration.Labelled ? AccuracyBasis.Labels : AccuracyBasis.Agreement;
        return Know(new ExitStatistics(samples, PathCosts(), _limits, _sceptical), judged);
    }

    Knowledge Know(ExitStatistics statistics, AccuracyBasis judged)
    {
        SampleSet samples = statistics.Samples;
        // Every exit after the cut is assumed to lose as much as the final exit.
        double right = Math.Max(samples.Correct[^1].Take(samples.Count).DefaultIfEmpty(1).Average(), CostDefaults.LeastAccuracy);
        double[] kept = [1, .. _bottlenecks.Items.Select(item => Math.Clamp(1 - (item.Lost / right), 0, 1))];
        return new Knowledge(statistics, new ExitMix(samples, statistics.Grid), kept, judged);
    }

    /// <summary>Expected cost and accuracy of a policy on inputs as calibrated.</summary>
    /// <exception cref="ArgumentException">A bottleneck that does not exist at the policy's cut.</exception>
    public PolicyEstimate Estimate(in ExitPolicy policy, in PlanningConditions conditions, in Requirements requirements) =>
        Estimate(policy, conditions, requirements, CalibratedMix);

    internal PolicyEstimate Estimate(in ExitPolicy policy, in PlanningConditions conditions, in Requirements requirements, ExitMix mix)
    {
        if (policy.Bottleneck > 0 && !HasBottleneck(policy))
            throw new ArgumentException($"bottleneck {policy.Bottleneck} does not exist at cut {policy.Cut} of model {Manifest.Name}",
                nameof(policy));
        Span<float> shares = stackalloc float[Exits], rights = stackalloc float[Exits], standbys = stackalloc float[Exits];
        Span<PathCost> paths = stackalloc PathCost[Exits];
        mix.Measure(policy.Thresholds, shares, rights, policy.Standby, standbys);
        uint heads = Heads(policy.Thresholds);
        var candidate = new CutCandidate(policy.Cut, policy.Bottleneck, policy.Standby);
        if (candidate.Standby > 0 && !CanStandBy(candidate, heads)) candidate = candidate with { Standby = 0 };
        Paths(heads, candidate, conditions, paths);
        return Summarise(shares, rights, standbys, paths, conditions, requirements);
    }

    /// <summary>Costs of leaving at exit 1, 2, ... under a cut, with the heads of the mask tried.</summary>
    internal void Paths(uint headMask, int cut, in PlanningConditions conditions, Span<PathCost> paths) =>
        Paths(headMask, new CutCandidate(cut, 0), conditions, paths);

    /// <summary>The same with a bottleneck, which must exist at the cut.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Paths(uint headMask, CutCandidate candidate, in PlanningConditions conditions, Span<PathCost> paths)
    {
        for (int exit = 0; exit < paths.Length; exit++) PathTo(headMask, exit, candidate, conditions, out paths[exit]);
    }

    /// <summary>The cost of leaving at one exit (0-based) under a cut. Heads after it have no part in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void PathTo(uint headMask, int exit, CutCandidate candidate, in PlanningConditions conditions, out PathCost path)
    {
        Times tail = _tail;
        (int cut, int bottleneck) = (candidate.Cut, candidate.Bottleneck);
        InTimePredictor? predictor = conditions.Predictor;
        double[] prefix = predictor?.EdgePrefix ?? _edge.Prefix, heads = predictor?.EdgeHeads ?? _edge.Heads;
        (double edgeHeads, double tailHeads, double allHeads) = (0, 0, 0);
        for (int head = 0; head <= exit && head < SideExits; head++)
        {
            if ((headMask >> head & 1) == 0) continue;
            allHeads += heads[head];
            if (_afterUnit[head] <= cut) edgeHeads += heads[head];
            else tailHeads += tail.Heads[head];
        }
        int unit = _afterUnit[exit];
        bool local = unit <= cut;
        path = default;
        path.Kept = 1;
        path.EdgeMs = (prefix[local ? unit : cut] + edgeHeads) * conditions.EdgeFactor;
        if (local)
        {
            path.LatencyMs = path.EdgeMs + conditions.LocalOverheadMs; // (1)
            path.EnergyJ = conditions.EnergyFactor * Power.Joules(path.LatencyMs, path.EdgeMs, 0); // (2)
            return;
        }
        (double payload, double encodeMs, double decodeMs) = (_payloadBytes[cut], 0, 0);
        if (bottleneck > 0)
        {
            payload = _bottlenecks.Items[bottleneck - 1].PayloadBytes + FrameBytes;
            (encodeMs, decodeMs) = (_edge.Encode[bottleneck - 1], tail.Decode[bottleneck - 1]);
        }
        path.Offloaded = true;
        path.Bytes = payload;
        path.Kept = _exits.Kept[bottleneck];
        path.EncodeMs = encodeMs;
        path.AloneMs = (prefix[unit] + allHeads) * conditions.EdgeFactor;
        if (candidate.Standby > 0)
        {
            path.Standby = candidate.Standby;
            path.AloneMs = path.StandbyMs = path.EdgeMs + (Hedge(candidate).ComputeMs(prefix, heads) * conditions.EdgeFactor);
        }
        path.SendMs = predictor is null ? Bandwidth.Milliseconds(payload, conditions.RateBitsPerSecond) : predictor.SendMs(path.EdgeMs + encodeMs, path.Bytes);
        path.WireMs = conditions.RttMs + path.SendMs;
        path.TailMs = (tail.Prefix[unit] - tail.Prefix[cut] + tailHeads + decodeMs) * conditions.TailFactor;
        path.LatencyMs = path.EdgeMs + encodeMs + path.WireMs + path.TailMs + conditions.TailQueueMs + conditions.RemoteOverheadMs; // (1)
        double busyMs = path.EdgeMs;
        if (candidate.Standby > 0)
        {
            busyMs = Hedge(candidate).RunUntil(
                path.EdgeMs, path.LatencyMs - encodeMs, path.StandbyMs, prefix, conditions.EdgeFactor, out _, out _);
            path.LatencyMs = HedgeSchedule.AnswerMs(path.LatencyMs, busyMs + encodeMs);
        }
        path.EnergyJ = conditions.EnergyFactor * Power.Joules(path.LatencyMs, busyMs + encodeMs, path.SendMs); // (2)
    }

    /// <summary>How sure it is that a latency expected as stated is inside the bound: certain a margin below it, ruled out on it.</summary>
    internal static double Inside(in PathCost path, in PlanningConditions conditions, double boundMs)
    {
        if (double.IsPositiveInfinity(boundMs)) return 1;
        if (conditions.Predictor is { } predictor) return predictor.Inside(path, boundMs);
        double margin = Math.Max(path.Offloaded ? conditions.RemoteMargin : conditions.LocalMargin, CostDefaults.LeastMargin) * boundMs;
        return Math.Clamp((boundMs - path.LatencyMs) / margin, 0, 1); // (3)
    }

    /// <summary>How sure it is that the standby exit of a path is ready inside the bound; 0 without one.</summary>
    internal static double StandbyInside(in PathCost path, in PlanningConditions conditions, double boundMs)
    {
        if (path.Standby == 0) return 0;
        PathCost local = path;
        (local.Offloaded, local.EdgeMs) = (false, path.StandbyMs);
        local.LatencyMs = path.StandbyMs + path.EncodeMs + conditions.LocalOverheadMs;
        return Inside(local, conditions, HedgeSchedule.DeadlineMs(boundMs));
    }

    /// <summary>Energy of a path. An answer that may not come in time also costs, in that case, the wait and, without a standby exit, the
    /// rest on the edge.</summary>
    internal double ExpectedEnergy(in PathCost path, double inside, in PlanningConditions conditions, double boundMs)
    {
        if (conditions.Predictor is null || !path.Offloaded || inside >= 1) return path.EnergyJ;
        double latencyMs = LateMs(path, boundMs);
        double alone = conditions.EnergyFactor * Power.Joules(latencyMs, path.AloneMs, Math.Min(path.SendMs, boundMs));
        return path.EnergyJ + ((1 - inside) * (alone - path.EnergyJ)); // (6)
    }

    /// <summary>Latency and energy of a path, with the cost of an answer that is late, and the probability that it is in time; as
    /// stated, and sure, where spreads are not known.</summary>
    internal (double LatencyMs, double EnergyJ, double Inside) Expected(in PathCost path, in PlanningConditions conditions, double boundMs)
    {
        if (conditions.Predictor is null || double.IsPositiveInfinity(boundMs)) return (path.LatencyMs, path.EnergyJ, 1);
        double inside = Inside(path, conditions, boundMs);
        if (!path.Offloaded) return (path.LatencyMs, path.EnergyJ, inside);
        double latencyMs = (inside * Math.Min(path.LatencyMs, boundMs)) + ((1 - inside) * LateMs(path, boundMs));
        return (latencyMs, ExpectedEnergy(path, inside, conditions, boundMs), inside);
    }

    /// <summary>When an answer is there that the tail does not give in time.</summary>
    static double LateMs(in PathCost path, double boundMs) =>
        path.Standby > 0 ? HedgeSchedule.AnswerMs(boundMs, path.StandbyMs + path.EncodeMs) : boundMs + Math.Max(0, path.AloneMs - path.EdgeMs);

    /// <summary>The probability that energy, averaged over the window, is inside the bound.</summary>
    internal static double InsideEnergy(double mean, double meanSquare, in PlanningConditions conditions, double boundJ)
    {
        if (double.IsPositiveInfinity(boundJ)) return 1;
        double variance = Math.Max(0, meanSquare - (mean * mean)) / conditions.WindowTasks;
        double spread = Math.Sqrt(variance + (conditions.EnergyMargin * boundJ * conditions.EnergyMargin * boundJ)) + CostDefaults.LeastSpreadJ;
        return Math.Clamp(0.5 + ((boundJ - mean) / (CostDefaults.EnergyRamp * spread)), 0, 1); // (7)
    }

    /// <summary>Adds up cost and accuracy of exits with these shares.</summary>
    internal PolicyEstimate Summarise(ReadOnlySpan<float> shares, ReadOnlySpan<float> rights, ReadOnlySpan<float> standbys,
                                      ReadOnlySpan<PathCost> paths, in PlanningConditions conditions, in Requirements requirements)
    {
        PolicyEstimate estimate = default;
        estimate.Judged = _exits.Judged;
        double square = 0;
        for (int exit = 0; exit < paths.Length; exit++)
        {
            ref readonly PathCost path = ref paths[exit];
            double inside = Inside(path, conditions, requirements.LatencyMs);
            estimate.LatencyMs += shares[exit] * path.LatencyMs;
            double energy = ExpectedEnergy(path, inside, conditions, requirements.LatencyMs);
            estimate.EnergyJ += shares[exit] * energy;
            estimate.Bytes += shares[exit] * path.Bytes;
            double right = rights[exit] * path.Kept;
            double stands = (1 - inside) * StandbyInside(path, conditions, requirements.LatencyMs);
            estimate.Accuracy += path.Standby > 0 ? (right * inside) + ((1 - inside) * standbys[exit]) : right;
            estimate.Satisfaction += shares[exit] * (inside + stands);
            estimate.Goodput += (right * inside) + (standbys[exit] * stands);
            square += shares[exit] * energy * energy;
        }
        estimate.EnergySpreadJ = Math.Sqrt(Math.Max(0, square - (estimate.EnergyJ * estimate.EnergyJ)));
        double insideEnergy = InsideEnergy(estimate.EnergyJ, square, conditions, requirements.EnergyJ);
        // Shares add up to 1 but for rounding.
        estimate.Satisfaction = Math.Min(1, estimate.Satisfaction) * insideEnergy;
        estimate.Goodput *= insideEnergy;
        return estimate;
    }

    /// <summary>Milliseconds to every exit on the edge, all heads before it tried.</summary>
    internal double[] PathCosts() =>
        [.. Enumerable.Range(0, Exits).Select(exit => _edge.Prefix[_afterUnit[exit]] + _edge.Heads.Take(exit + 1).Sum())];

    Times Tabulate(DeviceProfile profile)
    {
        if (profile.UnitMs.Count != Manifest.Units.Count || profile.HeadMs.Count != Manifest.SideExits)
        {
            throw new ArgumentException(
                $"profile of {profile.Device} holds {profile.UnitMs.Count} units and {profile.HeadMs.Count} heads, " +
                $"model {Manifest.Name} has {Manifest.Units.Count} and {Manifest.SideExits}");
        }
        if (profile.UnitMs.Concat(profile.HeadMs).FirstOrDefault(ms => !(ms >= 0 && ms < CostDefaults.EndProfileMs), 0) is var bad && bad != 0)
            throw new ArgumentException($"profile of {profile.Device} holds a time of {bad} ms");
        var prefix = new double[profile.UnitMs.Count + 1];
        for (int i = 0; i < profile.UnitMs.Count; i++) prefix[i + 1] = prefix[i] + profile.UnitMs[i];
        return new Times(prefix, [.. profile.HeadMs], BottleneckMs(profile.EncodeMs, prefix[^1]),
            BottleneckMs(profile.DecodeMs, prefix[^1]));
    }

    /// <summary>As measured, or as many multiply-accumulates of the network take.</summary>
    double[] BottleneckMs(IReadOnlyList<double> measured, double wholeMs)
    {
        if (measured.Count == _bottlenecks.Items.Count) return [.. measured];
        double macs = Math.Max(1, Manifest.Units.Sum(unit => (double)unit.Macs));
        return [.. _bottlenecks.Items.Select(item => wholeMs * item.Map!.Macs / macs)];
    }
}
