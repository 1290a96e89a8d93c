using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>A package loaded as a session loads it, and run in the ways that sessions run it. One thread at a time.</summary>
sealed class DividedNetwork : IDisposable
{
    readonly BranchedModel _model;
    readonly InferenceSlot _slot;
    readonly float[] _thresholds;
    RunResultNative _result = new();

    /// <exception cref="NativeException">The engine refuses a range or head.</exception>
    internal DividedNetwork(ModelPackage package, EngineSettings settings, CancellationToken cancellation)
    {
        _model = BranchedModel.Load(package, new BackendOptions { Settings = settings, WithoutCustomExitRule = true, Cancellation = cancellation });
        try
        {
            _slot = new InferenceSlot(_model);
        }
        catch
        {
            _model.Dispose();
            throw;
        }
        _thresholds = new float[_model.Manifest.SideExits];
    }

    /// <summary>Whether the last division ran ranges with exits between them as one engine.</summary>
    internal bool WasJoined { get; private set; }

    /// <summary>Runs inputs.</summary>
    /// <param name="division">How.</param>
    /// <param name="inputs">Model tensors.</param>
    /// <param name="seen">Called after each, with its index.</param>
    /// <exception cref="NativeException">An engine cannot be made or fails.</exception>
    internal void Run(Division division, IReadOnlyList<float[]> inputs, Action<int> seen)
    {
        ModelManifest manifest = _model.Manifest;
        for (int i = 0; i < _thresholds.Length; i++) _thresholds[i] = (division.Exits & (1u << i)) != 0 ? float.Epsilon : 0;
        using ChainPlan edge = Plan(0, division.Cut, division.Fusion);
        using ChainPlan? tail = division.Cut < manifest.LocalCut ? Plan(division.Cut, manifest.LocalCut, division.Fusion) : null;
        WasJoined = edge.IsJoined || tail is { IsJoined: true };
        for (int i = 0; i < inputs.Count; i++)
        {
            // Memory that a run does not write must not look like an answer.
            for (int exit = 1; exit <= manifest.Exits.Count; exit++) _slot.Workspace.Logits(exit).Floats.Fill(float.NaN);
            _slot.Load(inputs[i]);
            RunThrough(edge);
            if (tail is not null) RunThrough(tail);
            seen(i);
        }
    }

    /// <summary>Logits of an exit (1..N + 1) of the last run.</summary>
    internal ReadOnlySpan<float> Logits(int exit) => _slot.Workspace.Logits(exit).Floats;

    /// <summary>The tensor after a unit, as the last run of an engine that puts it out left it.</summary>
    internal ReadOnlySpan<float> Boundary(int unit) => _slot.Workspace.Boundary(unit).Floats;

    public void Dispose()
    {
        _slot.Dispose();
        _model.Dispose();
    }

    ChainPlan Plan(int start, int stop, Fusion fusion) =>
        new(_model, _slot.Workspace, PlanKey.For(_model.Manifest, start, stop, _thresholds), fusion);

    // An exit that is perfectly sure ends a run even below the smallest threshold: the run continues after it. In a joined engine exits are computed
    // whether they may end the run or not.
    void RunThrough(ChainPlan plan)
    {
        if (plan.IsJoined)
        {
            Span<float> none = stackalloc float[_thresholds.Length];
            none.Clear();
            plan.Run(none, ref _result);
            return;
        }
        for (int next = 0; next < plan.Stages; next = (int)_result.LastStage + 1)
        {
            plan.Run(_thresholds, ref _result, next);
            if (_result.Outcome != NativeOutcome.Exited) return;
        }
    }
}
