using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Runs everything for every input: all units, all heads, no early exit. For calibration, profiling and recording.</summary>
sealed class FullNetwork : IDisposable
{
    readonly BranchedModel _model;
    readonly ChainPlan _plan;
    readonly InferenceSlot _slot;
    readonly float[] _thresholds;
    readonly float[] _entropies;
    readonly int[] _classes;
    readonly int[] _said;
    RunResultNative _result = new();

    /// <param name="model">Loaded.</param>
    /// <param name="fusion">When sessions of several units are made.</param>
    /// <param name="rule">Of the exits; null for the model's.</param>
    public FullNetwork(BranchedModel model, Fusion fusion = Fusion.Ranges, ExitRule? rule = null)
    {
        _model = model;
        _slot = new InferenceSlot(model);
        _thresholds = new float[model.Manifest.SideExits];
        Array.Fill(_thresholds, float.Epsilon);
        _entropies = new float[model.Manifest.Exits.Count];
        _classes = new int[model.Manifest.Exits.Count];
        _said = new int[model.Manifest.SideExits];
        _plan = new ChainPlan(model, _slot.Workspace, PlanKey.For(model.Manifest, 0, model.Manifest.LocalCut, _thresholds), fusion, rule);
    }

    /// <summary>Sessions one run executes.</summary>
    public int Stages => _plan.Stages;

    /// <summary>Normalised entropy of every exit, or what the rule has in its place, the final one last, of the last run.</summary>
    public ReadOnlySpan<float> Entropies => _entropies;

    /// <summary>Class of every exit of the last run.</summary>
    public ReadOnlySpan<int> Classes => _classes;

    /// <summary>Logits of an exit (1..N + 1) of the last run.</summary>
    public ReadOnlySpan<float> Logits(int exit) => _slot.Workspace.Logits(exit).Floats;

    /// <summary>Runs one input.</summary>
    public void Run(ReadOnlySpan<byte> source)
    {
        _slot.Load(source);
        _slot.DecodeInput();
        Run(Span<ulong>.Empty);
    }

    /// <summary>Runs one input.</summary>
    public void Run(ReadOnlySpan<float> tensor)
    {
        _slot.Load(tensor);
        Run(Span<ulong>.Empty);
    }

    /// <summary>Runs whatever input is there, zeros at first.</summary>
    /// <param name="stageNs">Receives nanoseconds by stage; may be empty.</param>
    public unsafe void Run(Span<ulong> stageNs)
    {
        int next = 0;
        int final = _entropies.Length - 1;
        Array.Fill(_thresholds, float.Epsilon);
        Array.Fill(_said, -1);
        while (true)
        {
            _plan.Run(_thresholds, ref _result, next, stageNs, said: _said);
            for (int i = 0; i < final; i++)
            {
                if (_result.ExitLabel[i] < 0) continue;
                _entropies[i] = _result.ExitEntropy[i];
                _classes[i] = _result.ExitLabel[i];
                _said[i] = float.IsNaN(_entropies[i]) ? -1 : _classes[i];
            }
            // An exit that is perfectly sure leaves even below the smallest threshold; the layers after it still run.
            if (_result.Outcome != NativeOutcome.Exited) break;
            // A device that has answered leaves nothing to continue from: again, without that exit.
            if (_result.Cut is null) _thresholds[_result.ExitIndex - 1] = 0;
            else next = (int)_result.LastStage + 1;
        }
        _entropies[final] = _result.Entropy;
        _classes[final] = _result.Label;
    }

    public void Dispose()
    {
        _plan.Dispose();
        _slot.Dispose();
    }
}
