using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Learning.Traces;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

/// <summary>The paper's controller: DDPG on (L, E, CH) from random weights, with Ornstein-Uhlenbeck noise. Its ablations differ in the meaning of an
/// action says of the thresholds.</summary>
sealed class DdpgController : IPolicyController
{
    readonly CostModel _model;
    readonly ActionCodec _codec;
    readonly RewardFunction _reward;
    readonly OrnsteinUhlenbeck _noise;
    readonly Learner _learner;
    readonly TransitionTrace? _record;
    readonly float[] _state;
    readonly float[] _nextState;
    readonly float[] _action;
    DecisionExplanation _explanation;
    double _decideMs;
    bool _hasState;

    public DdpgController(ControllerContext context, DdpgOptions? options = null,
                          string name = PolicyControllers.Ddpg, ThresholdForm form = ThresholdForm.PerExit)
    {
        Name = name;
        options ??= new DdpgOptions { SourceUpdates = context.SourceUpdates, SourceShare = context.SourceShare };
        _model = context.Model;
        _codec = new ActionCodec(_model.SideExits, _model.Candidates, ControlIntervals.MaxInterval, form);
        _reward = new RewardFunction(context.Reward, _model.SideExits);
        const int stateSize = StateEncoder.PaperSize;
        (_state, _nextState, _action) = (new float[stateSize], new float[stateSize], new float[_codec.Size]);
        ReplayBuffer? source = context.SourceTrace?.Transitions(_model, stateSize, _codec.Size, _reward);
        var agent = new DdpgAgent(options, stateSize, _codec.Size, context.Seed, source);
        _record = context.RecordTrace;
        _record?.Begin(_model, stateSize, _codec.Size);
        _noise = new OrnsteinUhlenbeck(_codec.Size, options.NoiseTheta, options.NoiseSigma, options.NoiseDecay, options.NoiseFloor,
                                       new SeededRandom(context.Seed, stream: 3));
        _learner = Learner.Create(agent, context.Learning, context.LearnerShare);
        _explanation.Expected.LatencyMs = double.NaN;
    }

    public string Name { get; }

    public bool UsesCalibration => false;

    public DecisionExplanation Explanation => _explanation;

    public LearningCounters Learning => _learner.Counters;

    public ExitPolicy Next(in Observation observation)
    {
        _decideMs += observation.DecidedMs;
        StateEncoder.Encode(observation, extended: false, _nextState);
        if (_hasState && observation.Tasks > 0)
        {
            // The action that was executed, not the one proposed: the session may have run another.
            _codec.Encode(observation.Executed, _action);
            float reward = (float)_reward.Reward(observation);
            _learner.Step(_state, _action, reward, _nextState);
            _record?.Add(_state, _action, reward, _nextState, observation);
        }
        _nextState.CopyTo(_state, 0);
        _learner.Networks.Act(_state, _noise.Next(), _action);
        ExitPolicy policy = _codec.Decode(_action);
        _explanation.Policy = policy;
        _explanation.Reason = _hasState ? DecisionReason.Explored : DecisionReason.Initial;
        _explanation.RateBitsPerSecond = observation.Link.RateBitsPerSecond;
        _hasState = true;
        return policy;
    }

    public bool Completed(in TaskRecord record)
    {
        _learner.TaskDone(record.ServiceMs, _decideMs);
        _decideMs = 0;
        return false;
    }

    public void Dispose() => _learner.Dispose();
}
