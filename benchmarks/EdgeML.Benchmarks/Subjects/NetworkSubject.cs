using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>One network on one thread, to be run whole in a single session, or range by range with every exit
/// tried and none taken.</summary>
sealed unsafe class NetworkSubject : IDisposable
{
    /// <summary>Above 0, so that the exit is tried, and below any entropy that is not exactly 0.</summary>
    const float NeverTaken = 1e-30f;

    readonly InferenceSlot _slot;
    readonly float[] _thresholds;
    readonly ChainPlan _plan;
    readonly ChainPlan _ranges;
    readonly ChainPlan _units;
    readonly WeightsHandle _weights;
    readonly Engine _wholeEngine;
    readonly PinnedBuffer _wholeLogits;
    readonly PinnedBuffer _firstLogits;
    readonly ChainHandle _whole;
    RunResultNative _result = new();

    public NetworkSubject(string package)
    {
        Model = BranchedModel.Load(package, new BackendOptions { FusedBudgetBytes = 1L << 30 });
        _slot = new InferenceSlot(Model);
        _thresholds = new float[Manifest.SideExits];
        Array.Fill(_thresholds, NeverTaken);
        var key = PlanKey.For(Manifest, 0, Manifest.LocalCut, _thresholds);
        _plan = new ChainPlan(Model, _slot.Workspace, key);
        _ranges = new ChainPlan(Model, _slot.Workspace, key, Fusion.Ranges);
        _units = new ChainPlan(Model, _slot.Workspace, key, Fusion.None);

        _weights = Model.Package.CreateSharedWeights(Model.Backend.Handle);
        RangeModel whole = Model.Package.BuildWhole();
        _wholeEngine = new Engine(Model.Backend, _weights, whole);
        _wholeLogits = new PinnedBuffer(Model.Backend, Manifest.Classes * sizeof(float));
        _firstLogits = new PinnedBuffer(Model.Backend, Manifest.Classes * sizeof(float));
        NativeError.Check(NativeMethods.ChainCreate(out _whole, Model.Backend.Handle));
        // Every output is computed; the first and the last are looked at.
        var stage = new StageNative
        {
            Flags = StageNative.Final,
            BoundaryOutput = 0,
            LogitsOutput = (uint)whole.Outputs.Count - 1,
            ExitIndex = (uint)Manifest.Exits.Count,
            Classes = (uint)Manifest.Classes,
        };
        NativeError.Check(NativeMethods.ChainAdd(
            _whole, _wholeEngine.Handle, _slot.Workspace.Boundary(0).Handle, _firstLogits.Handle, _wholeLogits.Handle, stage));
        LoadNoise(1);
        RunPlan();
        RunRanges();
        if (!Model.WaitForFusion(TimeSpan.FromMinutes(2))) throw new InvalidOperationException("ranges were not fused within 2 minutes");
        RunPlan();
        RunRanges();
        if (_plan.Stages != 1)
            throw new InvalidOperationException($"the plan runs in {_plan.Stages} sessions, 1 expected: {Model.Fused.LastRefusal}");
        if (_ranges.Stages != Manifest.Exits.Count)
            throw new InvalidOperationException($"{_ranges.Stages} ranges, {Manifest.Exits.Count} expected");
    }

    public BranchedModel Model { get; }

    public ModelManifest Manifest => Model.Manifest;

    /// <summary>Stops beyond the last, each the end of a range: the exits that are tried in vain.</summary>
    public int ExtraRanges => Manifest.SideExits;

    /// <summary>Final logits of the last <see cref="RunWhole"/>.</summary>
    public ReadOnlySpan<float> WholeLogits => _wholeLogits.Floats;

    /// <summary>Takes a seeded input that no head is perfectly sure about.</summary>
    public void LoadNoise(int seed) => Load(Noise(seed));

    public float[] Noise(int seed)
    {
        var random = new Random(seed);
        var input = new float[Manifest.Input.Elements];
        for (int i = 0; i < input.Length; i++) input[i] = random.NextSingle();
        return input;
    }

    public void Load(ReadOnlySpan<float> input) => _slot.Load(input);

    /// <summary>The whole network with all its heads, one session.</summary>
    public void RunWhole()
    {
        var desc = new RunDescNative();
        NativeError.Check(NativeMethods.ChainRun(ref _result, _whole, desc));
    }

    /// <summary>The same work as a session runs it: one session with a decision at each stop.</summary>
    public void RunPlan() => Run(_plan);

    /// <summary>The same work in one session per stop.</summary>
    public void RunRanges() => Run(_ranges);

    /// <summary>Final logits of <see cref="RunPlan"/>.</summary>
    public ReadOnlySpan<float> PlanRun()
    {
        RunPlan();
        return _slot.Workspace.Logits(Manifest.Exits.Count).Floats;
    }

    /// <summary>Final logits of <see cref="RunUnits"/>.</summary>
    public ReadOnlySpan<float> UnitsRun()
    {
        RunUnits();
        return _slot.Workspace.Logits(Manifest.Exits.Count).Floats;
    }

    /// <summary>The same work in one session per unit and head.</summary>
    public void RunUnits() => Run(_units);

    void Run(ChainPlan plan)
    {
        plan.Run(_thresholds, ref _result);
        if (_result.Outcome != NativeOutcome.Final)
            throw new InvalidOperationException($"exit {_result.ExitIndex} was taken, which none should be");
    }

    public void Dispose()
    {
        _whole.Dispose();
        _firstLogits.Release();
        _wholeLogits.Release();
        _wholeEngine.Dispose();
        _weights.Dispose();
        _plan.Dispose();
        _ranges.Dispose();
        _units.Dispose();
        _slot.Dispose();
        Model.Dispose();
    }
}
