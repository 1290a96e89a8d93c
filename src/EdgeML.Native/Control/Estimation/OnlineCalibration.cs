using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Estimation;

/// <summary>Corrections of the cost model learned from running tasks: speed of the edge, energy, overheads, spread, and how hard
/// inputs are.</summary>
/// <remarks>
/// Each is a running mean of observed over predicted. Difficulty is a weight per stratum of the calibration: the entropy of the first exit
/// tried, or failing that the exit that answered, gives by Bayes' rule the probability that the input came from each stratum, and the weights follow
/// those likelihoods over some 25 tasks. Inputs darker than any calibrated one end up in the hardest stratum.
/// </remarks>
sealed class OnlineCalibration
{
    readonly CostModel _model;
    readonly SampleSet _samples;
    readonly double[] _mix;
    readonly double[] _posterior;
    readonly PathCost[] _paths;

    // [exit][bin][stratum]: how likely a sample of the stratum shows an entropy in this bin at this exit.
    readonly double[][][] _likelihood;
    // The profile holds until two tasks in a row contradict it: the first task of a process, or one that the system kept waiting, may
    // take twenty times as long as any other.
    Smoothed _edge = new(EstimationDefaults.FactorWeight, EstimationDefaults.FactorJump, prior: 1, confirms: true);
    Smoothed _energy = new(EstimationDefaults.FactorWeight, EstimationDefaults.FactorJump, prior: 1, confirms: true);
    // Here the profile says that there is none; on the way to the tail and back nothing is known beforehand.
    Overhead _localOverhead = new(priorTasks: EstimationDefaults.LocalOverheadPriorTasks);
    Overhead _remoteOverhead = new(priorTasks: 0);
    double _localError = EstimationDefaults.AssumedLatencyError;
    double _remoteError = EstimationDefaults.AssumedLatencyError;

    /// <param name="model">Costs.</param>
    /// <param name="known">The calibration of the exits; null for the model's.</param>
    public OnlineCalibration(CostModel model, ExitStatistics? known = null)
    {
        _model = model;
        SampleSet samples = _samples = (known ?? model.Statistics).Samples;
        _mix = [.. samples.CalibratedMix];
        _posterior = new double[samples.Strata];
        _paths = new PathCost[model.Exits];
        _likelihood = [.. Enumerable.Range(0, samples.Exits).Select(exit => LikelihoodOf(samples, exit))];
    }

    /// <summary>The same after something new was learned of the exits: difficulty starts afresh, everything else stays.</summary>
    public OnlineCalibration(CostModel model, ExitStatistics known, OnlineCalibration before)
        : this(model, known)
    {
        (_edge, _energy, _localOverhead, _remoteOverhead) = (before._edge, before._energy, before._localOverhead, before._remoteOverhead);
        (_localError, _remoteError) = (before._localError, before._remoteError);
    }

    /// <summary>Weights of the difficulty strata now; they sum to 1.</summary>
    public ReadOnlySpan<double> Mix => _mix;

    /// <summary>The profiled time of the tail's part of the last observed task, milliseconds.</summary>
    public double ProfiledTailMs { get; private set; }

    /// <summary>Learns from a task that ran under the assumed conditions.</summary>
    /// <returns>Whether the edge is at a new speed.</returns>
    public bool Observe(in TaskRecord record, in PlanningConditions assumed)
    {
        if (record.Exit < 1 || record.Exit > _paths.Length || record.Policy.Exits != _model.SideExits) return false;
        LearnMix(record);
        // A fallback is finished on the edge, so it costs as much as a local task.
        var candidate = record.Fallback || !record.Offloaded
            ? new CutCandidate(_model.LocalCut, 0)
            : new CutCandidate(
                Math.Clamp(record.Policy.Cut, 0, _model.LocalCut), _model.HasBottleneck(record.Policy) ? record.Policy.Bottleneck : 0);
        PlanningConditions asProfiled = assumed;
        asProfiled.EdgeFactor = 1;
        asProfiled.TailFactor = 1;
        asProfiled.Predictor = null;
        _model.Paths(_model.Heads(record.Policy.Thresholds), candidate, asProfiled, _paths);
        ref readonly PathCost path = ref _paths[record.Exit - 1];
        ProfiledTailMs = record.Offloaded ? path.TailMs : 0;
        bool moved = false;
        double firstMs = record.EdgeMs - record.StandbyMs;
        if (path.EdgeMs > EstimationDefaults.LeastComputeMs && !(record.StoodBy && record.Fallback)) moved = _edge.Add(firstMs / path.EdgeMs);

        // An answer that waited for the standby exit tells nothing about its other waits.
        if (!record.Fallback && !(record.StoodBy && record.ServiceMs < record.EdgeMs + EstimationDefaults.ConcurrentAnswerMs))
        {
            double rest = record.ServiceMs - firstMs - path.EncodeMs - record.WireMs - record.TailMs - record.TailQueueMs;
            if (record.Offloaded) _remoteOverhead.Learn(rest, path.LatencyMs);
            else _localOverhead.Learn(rest, path.LatencyMs);
            double expected = path.LatencyMs + (path.EdgeMs * (assumed.EdgeFactor - 1)) + (path.TailMs * (assumed.TailFactor - 1));
            // A level change is no spread: the estimate jumps, the margin stays.
            double error = Math.Min(EstimationDefaults.MostLatencyError, Math.Abs(record.ServiceMs - expected) / Math.Max(expected, EstimationDefaults.LeastExpectedMs));
            if (record.Offloaded) _remoteError += EstimationDefaults.LatencyErrorWeight * (error - _remoteError);
            else _localError += EstimationDefaults.LatencyErrorWeight * (error - _localError);
        }
        double radioMs = record.RateBitsPerSecond > 0 ? Bandwidth.Milliseconds(record.BytesSent, record.RateBitsPerSecond) : 0;
        double modelled = _model.Power.Joules(record.ServiceMs, record.EdgeMs, radioMs);
        if (modelled > 0 && record.EnergyJ > 0 && !record.Fallback) _energy.Add(record.EnergyJ / modelled);
        return moved;
    }

    /// <summary>Writes the learned values into planning conditions.</summary>
    public void Fill(ref PlanningConditions conditions)
    {
        conditions.EdgeFactor = double.IsNaN(_edge.Value) ? 1 : _edge.Value;
        conditions.EnergyFactor = double.IsNaN(_energy.Value) ? 1 : _energy.Value;
        conditions.LocalOverheadMs = _localOverhead.Ms;
        conditions.RemoteOverheadMs = _remoteOverhead.Ms;
        conditions.LocalMargin = Math.Clamp(
            EstimationDefaults.MarginErrors * _localError, EstimationDefaults.LeastLocalMargin, EstimationDefaults.MostMargin); // (31)
        conditions.RemoteMargin = Math.Clamp(
            EstimationDefaults.MarginErrors * _remoteError, EstimationDefaults.LeastRemoteMargin, EstimationDefaults.MostMargin); // (31)
        conditions.EnergyMargin = EstimationDefaults.EnergyMargin;
        conditions.WindowTasks = ControlIntervals.MaxInterval;
    }

    void LearnMix(in TaskRecord record)
    {
        if (_mix.Length == 1) return;
        ReadOnlySpan<float> thresholds = record.Policy.Thresholds;
        int first = record.FirstTried(_model.Manifest.ExitRule, _model.AfterUnits);
        double sum = 0;
        if (first >= 0 && !float.IsNaN(record.FirstEntropy))
        {
            int bin = Bin(record.FirstEntropy);
            int sure = first == _samples.StratumExit ? _samples.StratumOf(record.FirstEntropy) : -1;
            for (int stratum = 0; stratum < _mix.Length; stratum++)
            {
                double likelihood = sure >= 0 ? (stratum == sure ? 1 : 0) : _likelihood[first][bin][stratum];
                sum += _posterior[stratum] = _mix[stratum] * likelihood;
            }
        }
        else
        {
            if (_model.Heads(thresholds) == 0) return;
            // Only the tail tried exits: all that is known is where the answer came from.
            for (int stratum = 0; stratum < _mix.Length; stratum++)
                sum += _posterior[stratum] = _mix[stratum] * ExitLikelihood(stratum, record.Exit - 1, thresholds);
        }
        if (!(sum > EstimationDefaults.LeastLikelihood)) return;
        double floor = EstimationDefaults.LeastMix / _mix.Length;
        double total = 0;
        for (int stratum = 0; stratum < _mix.Length; stratum++)
            total += _mix[stratum] = Math.Max(floor, _mix[stratum] + (EstimationDefaults.MixWeight * ((_posterior[stratum] / sum) - _mix[stratum]))); // (30)
        for (int stratum = 0; stratum < _mix.Length; stratum++) _mix[stratum] /= total;
    }

    double ExitLikelihood(int stratum, int exit, ReadOnlySpan<float> thresholds)
    {
        // Independence of the exits given the stratum is wrong in detail and right in direction.
        double likelihood = 1;
        for (int each = 0; each <= exit && each < thresholds.Length; each++)
        {
            double below = EstimationDefaults.LeastExitChance;
            for (int bin = 0; bin < Bin(thresholds[each]); bin++) below += _likelihood[each][bin][stratum];
            below = Math.Min(below, EstimationDefaults.MostExitChance);
            likelihood *= each == exit ? below : 1 - below;
        }
        return likelihood;
    }

    static int Bin(float entropy) => Math.Clamp((int)(entropy * EstimationDefaults.EntropyBins), 0, EstimationDefaults.EntropyBins - 1);

    static double[][] LikelihoodOf(SampleSet samples, int exit)
    {
        double[][] table = [.. Enumerable.Range(0, EstimationDefaults.EntropyBins).Select(_ => new double[samples.Strata])];
        for (int i = 0; i < samples.Count; i++)
            table[Bin(samples.Entropies[exit][i])][samples.Stratum[i]] += 1.0 / samples.StratumCount[samples.Stratum[i]];
        // Nothing is impossible: inputs drift beyond the calibration.
        foreach (double[] bin in table)
        {
            for (int stratum = 0; stratum < bin.Length; stratum++) bin[stratum] = ((1 - EstimationDefaults.UnseenShare) * bin[stratum])
                    + (EstimationDefaults.UnseenShare / EstimationDefaults.EntropyBins);
        }
        return table;
    }
}
