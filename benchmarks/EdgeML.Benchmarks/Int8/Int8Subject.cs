using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Int8;

/// <summary>A package beside plain ONNX Runtime on the file that it was made of: one session with all optimisations. One thread.</summary>
sealed unsafe class Int8Subject : IDisposable
{
    /// <summary>Above 0, so that the exit is tried, and below any entropy that is not exactly 0.</summary>
    const float NeverTaken = 1e-30f;

    readonly InferenceSlot _slot;
    readonly float[] _never;
    readonly float[] _tried;
    readonly ChainPlan _whole;
    readonly ChainPlan _exits;
    readonly Dictionary<int, (ChainPlan Edge, ChainPlan Tail)> _halves = [];
    readonly PlainSession _plain;
    readonly PlainSession _plainFinal;
    RunResultNative _result = new();

    /// <param name="package">Folder of the package.</param>
    /// <param name="file">Its model file, weights inline.</param>
    public Int8Subject(string package, string file)
    {
        Model = BranchedModel.Load(package, new BackendOptions { FusedBudgetBytes = 1L << 30 });
        _slot = new InferenceSlot(Model);
        _never = new float[Manifest.SideExits];
        _tried = new float[Manifest.SideExits];
        Array.Fill(_tried, NeverTaken);
        _whole = Plan(0, Manifest.LocalCut, _never);
        _exits = Plan(0, Manifest.LocalCut, _tried);
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file));
        _plain = new PlainSession(Model, _slot, model, finalOnly: false);
        _plainFinal = new PlainSession(Model, _slot, model, finalOnly: true);
    }

    public BranchedModel Model { get; }

    public ModelManifest Manifest => Model.Manifest;

    /// <summary>Sessions that the plan with all exits runs.</summary>
    public int ExitStages => _exits.Stages;

    public void Load(ReadOnlySpan<float> input) => _slot.Load(input);

    /// <summary>The whole network, final exit only.</summary>
    public void RunWhole() => _whole.Run(_never, ref _result);

    /// <summary>The whole network, every exit tried and none taken.</summary>
    public void RunExits() => _exits.Run(_tried, ref _result);

    /// <summary>Plain ONNX Runtime, all outputs of the file.</summary>
    public void RunPlain() => _plain.Run();

    /// <summary>Plain ONNX Runtime, the final output only.</summary>
    public void RunPlainFinal() => _plainFinal.Run();

    /// <summary>Both halves of a cut and the payload between them, as edge and tail run them, without the wire.</summary>
    public void RunOffloaded(int cut)
    {
        if (!_halves.TryGetValue(cut, out (ChainPlan Edge, ChainPlan Tail) halves))
            _halves[cut] = halves = (Plan(0, cut, _never), Plan(cut, Manifest.LocalCut, _never));
        var policy = new ExitPolicy(_never, cut);
        if (!halves.Edge.IsEmpty) halves.Edge.Run(_never, ref _result);
        TensorEncoding encoding = Manifest.Cuts[cut].IsQuantised ? TensorEncoding.Quantised : TensorEncoding.Float32;
        (nint address, int bytes) = _slot.Encode(policy, encoding);
        if (encoding != TensorEncoding.Float32) _slot.Receive(policy, encoding, new ReadOnlySpan<byte>((void*)address, bytes));
        halves.Tail.Run(_never, ref _result);
    }

    /// <summary>Scores of an exit (1..N + 1) of the last run of this library.</summary>
    public ReadOnlySpan<float> Logits(int exit) => _slot.Workspace.Logits(exit).Floats;

    /// <summary>Scores of the final exit of the last plain run.</summary>
    public ReadOnlySpan<float> PlainLogits => _plain.Logits;

    public void Dispose()
    {
        _plain.Dispose();
        _plainFinal.Dispose();
        _whole.Dispose();
        _exits.Dispose();
        foreach ((ChainPlan edge, ChainPlan tail) in _halves.Values)
        {
            edge.Dispose();
            tail.Dispose();
        }
        _slot.Dispose();
        Model.Dispose();
    }

    ChainPlan Plan(int start, int stop, float[] thresholds) =>
        new(Model, _slot.Workspace, PlanKey.For(Manifest, start, stop, thresholds), Fusion.Now);

    /// <summary>A session over the file.</summary>
    sealed class PlainSession : IDisposable
    {
        readonly Engine _engine;
        readonly PinnedBuffer _first;
        readonly PinnedBuffer _logits;
        readonly ChainHandle _chain;
        RunResultNative _result = new();

        public PlainSession(BranchedModel model, InferenceSlot slot, ModelProto file, bool finalOnly)
        {
            ModelManifest manifest = model.Manifest;
            var whole = new ModelProto(file);
            string final = manifest.Exits[^1].Tensor;
            List<ValueInfoProto> outputs = [.. whole.Graph.Output.Where(o => !finalOnly || o.Name == final)];
            whole.Graph.Output.Clear();
            whole.Graph.Output.Add(outputs);
            string[] names = [.. outputs.Select(o => o.Name)];
            using var none = new WeightsHandle();
            var range = new RangeModel(
                Google.Protobuf.MessageExtensions.ToByteArray(whole), manifest.Cuts[0].Tensor, model.Package.BoundaryDims(0), null, final, names, []);
            _engine = new Engine(model.Backend, none, range, watch: null, NativeOptimization.All);
            _first = new PinnedBuffer(model.Backend, manifest.Classes * sizeof(float));
            _logits = new PinnedBuffer(model.Backend, manifest.Classes * sizeof(float));
            NativeError.Check(NativeMethods.ChainCreate(out _chain, model.Backend.Handle));
            using var noBoundary = new BufferHandle();
            var stage = new StageNative
            {
                Flags = StageNative.Final,
                LogitsOutput = (uint)Array.IndexOf(names, final),
                ExitIndex = (uint)manifest.Exits.Count,
                Classes = (uint)manifest.Classes,
            };
            NativeError.Check(NativeMethods.ChainAdd(
                _chain, _engine.Handle, slot.Workspace.Boundary(0).Handle, names.Length > 1 ? _first.Handle : noBoundary, _logits.Handle, stage));
        }

        public ReadOnlySpan<float> Logits => _logits.Floats;

        public void Run() => NativeError.Check(NativeMethods.ChainRun(ref _result, _chain, new RunDescNative()));

        public void Dispose()
        {
            _chain.Dispose();
            _first.Release();
            _logits.Release();
            _engine.Dispose();
        }
    }
}
