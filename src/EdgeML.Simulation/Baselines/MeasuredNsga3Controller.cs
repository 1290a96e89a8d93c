using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Baselines;

/// <summary>The paper's evolutionary baseline: NSGA-III whose candidates are measured, each executed for one action interval.</summary>
/// <remarks>
/// A generation is 15 candidates and, unless measurements count for ever, the oldest fifth of the members again. As many
/// intervals follow under the best member so far, whose measurements are kept fresh. Accuracy cannot be seen without labels; the mean exit
/// stands for it as in the paper's reward.
/// </remarks>
sealed class MeasuredNsga3Controller : IPolicyController
{
    /// <summary>15 directions, so 15 members: an evaluation costs a whole interval.</summary>
    const int Divisions = 4;

    /// <summary>Weight of the newest interval of a member that is in force.</summary>
    const double Newest = 0.5;

    readonly PolicySearch _policies;
    readonly int _exits;
    readonly int _remeasured;
    readonly bool _remeasures;
    readonly int[] _queue;
    int _queued;
    int _at;
    int _resting;
    int _running = -1;
    bool _isEvaluation;
    bool _bred;
    int _tasks;
    double _latencyMs;
    double _energyJ;
    int _exitSum;
    DecisionExplanation _explanation;

    public MeasuredNsga3Controller(ControllerContext context, bool remeasures = true)
    {
        _policies = new PolicySearch(context.Model, Divisions, context.Seed);
        _exits = context.Model.Exits;
        _remeasures = remeasures;
        _remeasured = remeasures ? (_policies.Population + 4) / 5 : 0;
        _queue = new int[_policies.Population + _remeasured];
        for (int member = 0; member < _policies.Population; member++) _queue[_queued++] = member;
        _explanation.Expected.LatencyMs = double.NaN;
    }

    public string Name => _remeasures ? BaselineControllers.Nsga3 : BaselineControllers.Nsga3Stale;

    public bool UsesCalibration => false;

    public DecisionExplanation Explanation => _explanation;

    /// <summary>Intervals spent on trying candidates; the measure of effort.</summary>
    public long Evaluations { get; private set; }

    public ExitPolicy Next(in Observation observation)
    {
        bool first = _running < 0;
        Measure();
        if (_isEvaluation && _at == _queued) EndGeneration();
        if (_at < _queued && _resting == 0)
        {
            (_running, _isEvaluation) = (_queue[_at], true);
        }
        else
        {
            // Chosen again every time: the last measurement may have made another member the better one.
            (_running, _isEvaluation) = (_policies.Choose(observation.Requirements, share: 1), false);
            if (_resting > 0 && --_resting == 0) StartGeneration();
        }
        _explanation.Policy = _policies.Policy(_running);
        _explanation.Reason = first ? DecisionReason.Initial : _isEvaluation ? DecisionReason.Explored : DecisionReason.Learned;
        _explanation.RateBitsPerSecond = observation.Link.RateBitsPerSecond;
        return _explanation.Policy;
    }

    public bool Completed(in TaskRecord record)
    {
        _tasks++;
        _latencyMs += record.LatencyMs;
        _energyJ += record.EnergyJ;
        _exitSum += record.Exit;
        return false;
    }

    public void Dispose()
    {
    }

    /// <summary>Books the interval on the member it ran under; one without a task is tried again.</summary>
    void Measure()
    {
        if (_running >= 0 && _tasks > 0)
        {
            double accuracy = (double)_exitSum / _tasks / _exits;
            double share = _isEvaluation ? 1 : _remeasures ? Newest : 0;
            _policies.Score(_running, _latencyMs / _tasks, _energyJ / _tasks, accuracy, share);
            if (_isEvaluation)
            {
                _policies.Search.Stamp(_running) = ++Evaluations;
                _at++;
            }
        }
        (_tasks, _latencyMs, _energyJ, _exitSum) = (0, 0, 0, 0);
    }

    void EndGeneration()
    {
        if (_bred)
        {
            // The world the old scale was measured in may be gone.
            if (_remeasures) _policies.Search.Forget();
            _policies.Search.Select();
        }
        _resting = _queued;
    }

    void StartGeneration()
    {
        _policies.Search.Breed();
        (_bred, _at, _queued) = (true, 0, 0);
        for (int child = 0; child < _policies.Population; child++) _queue[_queued++] = _policies.Population + child;
        for (int i = 0; i < _remeasured; i++)
        {
            int oldest = -1;
            for (int member = 0; member < _policies.Population; member++)
            {
                if (_queue.AsSpan(_policies.Population, i).Contains(member)) continue;
                if (oldest < 0 || _policies.Search.Stamp(member) < _policies.Search.Stamp(oldest)) oldest = member;
            }
            _queue[_queued++] = oldest;
        }
    }
}
