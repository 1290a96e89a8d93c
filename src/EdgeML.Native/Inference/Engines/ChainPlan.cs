using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A plan bound to one slot's memory: the native chain that runs it, one fused session where it is ready, or fused
/// ranges, and unit-level ones until then. One thread at a time.</summary>
sealed unsafe class ChainPlan : IDisposable
{
    readonly BranchedModel _model;
    readonly Workspace _workspace;
    readonly PlanRange[] _ranges;
    readonly Engine?[] _fused;
    readonly Fusion _fusion;
    readonly ExitRule _rule;
    Engine? _whole;
    ChainHandle _chain = new();
    int _fusedVersion;

    readonly List<Engine> _owned = [];

    /// <param name="model">Loaded.</param>
    /// <param name="workspace">Where the tensors lie; not disposed here.</param>
    /// <param name="key">What is executed.</param>
    /// <param name="fusion">When sessions of several units are made.</param>
    /// <param name="rule">Of the exits; null for the model's.</param>
    public ChainPlan(BranchedModel model, Workspace workspace, PlanKey key, Fusion fusion = Fusion.Plans, ExitRule? rule = null)
    {
        _rule = rule ?? model.ExitRule.Rule;
        _model = model;
        _workspace = workspace;
        Key = key;
        _ranges = key.Ranges(model.Manifest);
        _fusion = fusion == Fusion.Plans && !CanJoin() ? Fusion.Ranges : fusion;
        _fused = new Engine?[_ranges.Length];
        _fusedVersion = model.Fused.Version;
        FindFused();
        if (_fusion is Fusion.Now or Fusion.RangesNow) FuseNow();
        Bind();
    }

    public PlanKey Key { get; }

    /// <summary>Whether there is nothing to execute: a cut at the plan's own start.</summary>
    public bool IsEmpty => _ranges.Length == 0;

    /// <summary>Whether exits are decided inside its one session.</summary>
    public bool IsJoined => _whole is { Gates.Length: > 0 };

    /// <summary>Sessions a run executes at most.</summary>
    public int Stages { get; private set; }

    /// <summary>Runs the plan from the tensor at its start.</summary>
    /// <param name="thresholds">One per side exit.</param>
    /// <param name="result">Filled.</param>
    /// <param name="firstStage">Above 0 continues after a stage that was run before.</param>
    /// <param name="stageNs">Receives nanoseconds by stage; may be empty.</param>
    /// <param name="input">Where the tensor at its start lies, in this run only; null for the workspace.</param>
    /// <param name="said">Classes of earlier exits, by exit from 0, -1 where it is not known; only rules that wait for exits that agree look at
    /// it.</param>
    public void Run(
        ReadOnlySpan<float> thresholds, ref RunResultNative result, int firstStage = 0, Span<ulong> stageNs = default,
        PinnedBuffer? input = null, ReadOnlySpan<int> said = default)
    {
        if (firstStage == 0 && _fusedVersion != _model.Fused.Version) Refresh();
        fixed (float* thresholdPointer = thresholds)
        fixed (ulong* stagePointer = stageNs)
        fixed (int* saidPointer = said)
        {
            var desc = new RunDescNative
            {
                Thresholds = thresholdPointer,
                ThresholdCount = (uint)thresholds.Length,
                FirstStage = (uint)firstStage,
                StageNs = stagePointer,
                StageNsCapacity = (uint)stageNs.Length,
                Input = input?.Handle.DangerousGetHandle() ?? 0,
                Said = saidPointer,
                SaidCount = (uint)said.Length,
            };
            NativeError.Check(NativeMethods.ChainRun(ref result, _chain, desc));
            GC.KeepAlive(input);
            GC.KeepAlive(_model); // whose rule was asked
        }
    }

    public void Dispose()
    {
        _chain.Dispose();
        foreach (Engine engine in _owned) engine.Dispose();
    }

    void FuseNow()
    {
        if (_fusion == Fusion.Now && CanJoin())
        {
            try
            {
                _owned.Add(_whole = _model.Builder.Build(Key));
                return;
            }
            catch (NativeException e) when (e.Status is NativeStatus.Unsupported or NativeStatus.ModelRejected)
            {
                // Ranges that cannot be joined run one by one, here as in a session.
            }
        }
        for (int i = 0; i < _ranges.Length; i++)
        {
            if (SessionsOf(_ranges[i]) == 1) continue;
            try
            {
                _owned.Add(_fused[i] = _model.Builder.Build(_ranges[i].Alone));
            }
            catch (NativeException e) when (e.Status == NativeStatus.ModelRejected)
            {
                // ONNX Runtime optimises some ranges into models that it refuses itself; units that it takes alone run one by one.
            }
        }
    }

    void Refresh()
    {
        _fusedVersion = _model.Fused.Version;
        if (FindFused()) Bind();
    }

    // Two exits after one unit are two stops at the same tensor, which a gate each would need a range between.
    bool CanJoin() =>
        _model.JoinsPlans && _ranges.Length > 1 && Array.TrueForAll(_ranges, range => range.FirstUnit <= range.LastUnit);

    bool FindFused()
    {
        if (_fusion is Fusion.None or Fusion.Now or Fusion.RangesNow) return false;
        bool changed = false;
        if (_fusion == Fusion.Plans)
        {
            var whole = _model.Fused.Find(Key, out bool isRefused);
            changed = whole != _whole;
            _whole = whole;
            if (!isRefused) return changed;
        }
        for (int i = 0; i < _ranges.Length; i++)
        {
            if (SessionsOf(_ranges[i]) == 1) continue;
            var engine = _model.Fused.Find(_ranges[i].Alone, out _);
            changed |= engine != _fused[i];
            _fused[i] = engine;
        }
        return changed;
    }

    // A single unit without a side exit is already one session; so is a head whose unit has run (two exits after one unit).
    int SessionsOf(PlanRange range) =>
        range.LastUnit - range.FirstUnit + 1 + (range.Exit > 0 && range.Exit <= _model.Manifest.SideExits ? 1 : 0);

    void Bind()
    {
        NativeError.Check(NativeMethods.ChainCreate(out var chain, _model.Backend.Handle));
        try
        {
            Stages = 0;
            _model.ExitRule.Set(chain, _rule);
            if (_whole is { } whole) Add(chain, whole, Key.Start, Key.Stop, _ranges[^1].Exit);
            else AddRanges(chain);
        }
        catch
        {
            chain.Dispose();
            throw;
        }
        _chain.Dispose();
        _chain = chain;
    }

    void AddRanges(ChainHandle chain)
    {
        for (int i = 0; i < _ranges.Length; i++)
        {
            if (_fused[i] is { } engine) Add(chain, engine, _ranges[i].FirstUnit - 1, _ranges[i].LastUnit, _ranges[i].Exit);
            else AddUnits(chain, _ranges[i]);
        }
    }

    void AddUnits(ChainHandle chain, PlanRange range)
    {
        bool final = range.Exit == _model.Manifest.Exits.Count;
        int next = range.FirstUnit;
        for (int i = 0; i < _model.EngineRanges.Count && next <= range.LastUnit; i++)
        {
            EngineRange engineRange = _model.EngineRanges[i];
            if (engineRange.Last < next) continue;
            if (engineRange.First != next || engineRange.Last > range.LastUnit) throw NoEngine(engineRange.First != next ? next - 1 : range.LastUnit);
            Add(chain, _model.EngineAt(i), engineRange.First - 1, engineRange.Last, final && engineRange.Last == range.LastUnit ? range.Exit : 0);
            next = engineRange.Last + 1;
        }
        if (range.Exit > 0 && !final) Add(chain, _model.Head(range.Exit), range.LastUnit, range.LastUnit, range.Exit);
    }

    ArgumentException NoEngine(int cut) =>
        new($"cut {cut} is not one that {_model.Backend.Name} has engines for; model {_model.Manifest.Name} has them for " +
            $"0, {string.Join(", ", _model.EngineRanges.Select(engine => engine.Last))}");

    void Add(ChainHandle chain, Engine engine, int from, int to, int exit)
    {
        GateNative* gates = stackalloc GateNative[engine.Gates.Length];
        for (int i = 0; i < engine.Gates.Length; i++)
        {
            gates[i] = new GateNative
            {
                ExitIndex = (uint)engine.Gates[i].Exit,
                Classes = (uint)_model.Manifest.Classes,
                LogitsOutput = (uint)engine.Gates[i].Output,
                Logits = _workspace.Logits(engine.Gates[i].Exit).Handle.DangerousGetHandle(), // the workspace lives as long as its plans
            };
        }
        var stage = new StageNative
        {
            Gates = gates,
            GateCount = (uint)engine.Gates.Length,
            Flags = exit == _model.Manifest.Exits.Count ? StageNative.Final | (_model.Manifest.IsClassifier ? 0 : StageNative.Raw) : 0,
            BoundaryOutput = (uint)Math.Max(0, engine.BoundaryOutput),
            LogitsOutput = (uint)Math.Max(0, engine.LogitsOutput),
            ExitIndex = (uint)exit,
            Classes = exit > 0 ? (uint)_model.Manifest.AnswerElements : 0,
        };
        using var none = new BufferHandle();
        NativeError.Check(NativeMethods.ChainAdd(
            chain,
            engine.Handle,
            _workspace.Boundary(from).Handle,
            engine.BoundaryOutput >= 0 ? _workspace.Boundary(to).Handle : none,
            engine.LogitsOutput >= 0 ? _workspace.Logits(exit).Handle : none,
            stage));
        Stages++;
    }
}
