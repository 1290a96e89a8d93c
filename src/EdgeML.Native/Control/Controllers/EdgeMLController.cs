using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

/// <summary>The default: the planner's policy, moved by a residual that DDPG learns, within the limits of the planner's model.</summary>
/// <remarks>
/// a = clip(a_plan + scale (2 mu(s) - 1)): an untrained actor answers 0.5 and leaves the plan alone. A moved policy is executed only if
/// the corrected cost model expects it to hold the bounds and to be right as often as the plan, to within a small tolerance, and
/// if either the critic prefers it or it is this decision's turn to explore. After a change of link, bounds or edge the plan is executed
/// as it is. When learned decisions satisfy less than half of the prediction, learning is suspended for a while. The executed policy is
/// learned from.
/// </remarks>
sealed class EdgeMLController : IPolicyController
{
    static readonly DdpgOptions s_options = new() { ResidualScale = LearningDefaults.ResidualScale, CloningWeight = 1, NoiseDecay = 0.999 };

    readonly CostModel _model;
    readonly AdaptivePlanner _planner;
    readonly ActionCodec _codec;
    readonly RewardFunction _reward;
    readonly OrnsteinUhlenbeck _noise;
    readonly SeededRandom _turns;
    readonly Learner _learner;
    readonly TransitionTrace? _record;
    readonly SafetyNet _safety = new();
    readonly bool _learnsResidual;
    readonly float[] _state;
    readonly float[] _nextState;
    readonly float[] _executed;
    readonly float[] _plan;
    readonly float[] _moved;
    DecisionExplanation _explanation;
    double _explore = LearningDefaults.ExploreFirst;
    double _decideMs;
    bool _hasState;

    public EdgeMLController(ControllerContext context)
    {
        _model = context.Model;
        _learnsResidual = context.LearnsResidual;
        _planner = new AdaptivePlanner(_model, context.PlanningShare);
        _codec = new ActionCodec(_model.SideExits, _model.Candidates);
        _reward = new RewardFunction(context.Reward, _model.SideExits);
        // Five of link and load, how hard inputs are, then the plan, from which the residual is measured.
        int stateSize = StateEncoder.ExtendedSize + 1 + _codec.Size;
        (_state, _nextState) = (new float[stateSize], new float[stateSize]);
        (_executed, _plan, _moved) = (new float[_codec.Size], new float[_codec.Size], new float[_codec.Size]);
        ReplayBuffer? source = context.SourceTrace?.Transitions(_model, stateSize, _codec.Size, _reward);
        DdpgOptions options = s_options with { SourceUpdates = context.SourceUpdates, SourceShare = context.SourceShare };
        var agent = new DdpgAgent(options, stateSize, _codec.Size, context.Seed, source);
        _record = context.RecordTrace;
        _record?.Begin(_model, stateSize, _codec.Size);
        _noise = new OrnsteinUhlenbeck(_codec.Size, s_options.NoiseTheta, s_options.NoiseSigma, s_options.NoiseDecay, s_options.NoiseFloor,
                                       new SeededRandom(context.Seed, stream: 3));
        _turns = new SeededRandom(context.Seed, stream: 4);
        _learner = Learner.Create(agent, context.Learning, context.LearnerShare);
    }

    public string Name => PolicyControllers.EdgeML;

    public DecisionExplanation Explanation => _explanation;

    public LearningCounters Learning => _learner.Counters;

    /// <summary>Decisions that differed from the plan.</summary>
    public long Moves { get; private set; }

    public AdaptivePlanner Planner => _planner;

    public ExitPolicy Next(in Observation observation)
    {
        _decideMs += observation.DecidedMs;
        ExitPolicy plan = _planner.Next(observation);
        _explanation = _planner.Explanation;
        Encode(observation, plan);
        _safety.Observe(observation);
        if (_learnsResidual && _hasState && observation.Tasks > 0)
        {
            _codec.Encode(observation.Executed, _executed);
            float reward = (float)_reward.Reward(observation);
            _learner.Step(_state, _executed, reward, _nextState);
            _record?.Add(_state, _executed, reward, _nextState, observation);
        }
        _nextState.CopyTo(_state, 0);
        _hasState = true;

        ExitPolicy policy = plan;
        bool calm = _explanation.Reason is DecisionReason.Stable or DecisionReason.InputsChanged or DecisionReason.BudgetChanged;
        if (calm && !_explanation.CannotBeMet && _learner.Counters.Steps > 0 && _safety.Trusts) policy = Move(plan, observation);
        _explanation.Policy = policy;
        _safety.Decided(moved: policy != plan, _explanation.Expected.Satisfaction);
        return policy;
    }

    public bool Completed(in TaskRecord record)
    {
        _learner.TaskDone(record.ServiceMs, _decideMs);
        _decideMs = 0;
        return _planner.Completed(record);
    }

    public void Dispose()
    {
        _learner.Dispose();
    }

    void Encode(in Observation observation, in ExitPolicy plan)
    {
        StateEncoder.Encode(observation, extended: true, _nextState);
        ReadOnlySpan<double> mix = _planner.Difficulty;
        double difficulty = 0;
        for (int stratum = 0; stratum < mix.Length; stratum++) difficulty += mix[stratum] * stratum / Math.Max(1, mix.Length - 1);
        _nextState[StateEncoder.ExtendedSize] = (float)difficulty;
        _codec.Encode(plan, _plan);
        _plan.CopyTo(_nextState, StateEncoder.ExtendedSize + 1);
    }

    ExitPolicy Move(in ExitPolicy plan, in Observation observation)
    {
        _explore = Math.Max(LearningDefaults.ExploreLast, _explore * LearningDefaults.ExploreDecay);
        bool explores = _turns.Uniform() < _explore;
        ReadOnlySpan<float> noise = explores ? _noise.Next() : default;
        // Where energy binds, plans use the energy left in the state interval, which the state does not show.
        if (_explanation.Expected.EnergyJ > PlanningWeights.BindingShare * _planner.Affordable.EnergyJ) return plan;
        _learner.Networks.Act(_state, noise, _moved);
        // A side exit that the plan leaves out costs its head even if hardly anyone takes it.
        for (int exit = 0; exit < _model.SideExits; exit++)
        {
            if (_plan[exit] == 0) _moved[exit] = 0;
        }
        // The interval stays the plan's: it follows from the time since the last change, not from accuracy.
        _moved[^1] = _plan[^1];
        ExitPolicy moved = _codec.Decode(_moved);
        var candidate = new CutCandidate(moved.Cut, moved.Bottleneck, plan.Standby);
        bool stands = plan.Standby > 0 && moved.Cut == plan.Cut && moved.Bottleneck == plan.Bottleneck
            && _model.CanStandBy(candidate, _model.Heads(moved.Thresholds));
        if (stands) moved = moved.WithStandby(plan.Standby);
        if (moved == plan) return plan;
        if (!explores && _learner.Networks.Value(_state, _moved) < _learner.Networks.Value(_state, _plan) + LearningDefaults.CriticAdvantage)
            return plan;
        ref readonly PlanningConditions conditions = ref _planner.Conditions;
        if (!conditions.LinkUp && moved.Cut != _model.LocalCut) return plan;
        if (moved.Bottleneck > 0 && !_model.UsesBottlenecks) return plan;
        PolicyEstimate expected = _model.Estimate(moved, conditions, _planner.Affordable, _planner.Mix);
        PolicyEstimate planned = _planner.Expected;
        if (expected.Satisfaction < planned.Satisfaction - PlanningWeights.ResidualTolerance
            || expected.Goodput < planned.Goodput - PlanningWeights.ResidualTolerance) return plan; // (45)
        _explanation.Expected = expected.Stated();
        _explanation.Reason = explores ? DecisionReason.Explored : DecisionReason.Learned;
        Moves++;
        return moved;
    }
}
