using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Interop.Tests;

/// <summary>
/// x[8] -> features = Relu(2 x) -> exit 1 = features[0..2]; the final exit answers features[2..0]. Two stages: a fused range and
/// the final head. See native/tests/models/make_models.py.
/// </summary>
sealed unsafe class TinyNetwork : IDisposable
{
    readonly List<IDisposable> _owned = [];

    public TinyNetwork()
    {
        NativeLibraryLoader.EnsureLoaded();
        Context = Own(CreateContext());
        Input = Buffer(32);
        Features = Buffer(32, headroom: 100);
        Scores = Buffer(12);
        NativeError.Check(NativeMethods.ChainCreate(out ChainHandle chain, Context));
        Chain = Own(chain);
        Add(Own(Load(Context, "fused")), Input, Features, new StageNative { LogitsOutput = 1, ExitIndex = 1, Classes = 3 });
        var none = new BufferHandle();
        Add(Own(Load(Context, "final")), Features, none, new StageNative { ExitIndex = 2, Classes = 3, Flags = StageNative.Final });
        none.Dispose();
    }

    public ContextHandle Context { get; }

    public ChainHandle Chain { get; }

    public BufferHandle Input { get; }

    public BufferHandle Features { get; }

    public BufferHandle Scores { get; }

    public static byte[] Model(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "models", name + ".onnx"));

    public static ContextHandle CreateContext()
    {
        NativeError.Check(NativeMethods.ContextCreate(out ContextHandle context, new ContextDescNative()));
        return context;
    }

    public static EngineHandle Load(ContextHandle context, string name)
    {
        using var noWeights = new WeightsHandle();
        NativeError.Check(TryLoad(out EngineHandle engine, context, noWeights, Model(name)));
        return engine;
    }

    public static NativeStatus TryLoad(out EngineHandle engine, ContextHandle context, WeightsHandle weights, byte[] model)
    {
        fixed (byte* bytes = model)
        {
            var desc = new EngineDescNative { Model = bytes, ModelBytes = (ulong)model.Length };
            return NativeMethods.EngineCreate(out engine, context, weights, desc);
        }
    }

    public static Span<float> Floats(BufferHandle buffer)
    {
        var view = new BufferViewNative();
        NativeError.Check(NativeMethods.BufferGetView(ref view, buffer));
        return new Span<float>(view.Data, (int)(view.Bytes / sizeof(float)));
    }

    public NativeStatus TryRun(float threshold, ref RunResultNative result)
    {
        var desc = new RunDescNative { Thresholds = &threshold, ThresholdCount = 1 };
        return NativeMethods.ChainRun(ref result, Chain, desc);
    }

    public RunResultNative Run(float threshold)
    {
        var result = new RunResultNative();
        NativeError.Check(TryRun(threshold, ref result));
        return result;
    }

    public void Dispose() => _owned.ForEach(o => o.Dispose());

    void Add(EngineHandle engine, BufferHandle input, BufferHandle boundary, StageNative stage) =>
        NativeError.Check(NativeMethods.ChainAdd(Chain, engine, input, boundary, Scores, stage));

    BufferHandle Buffer(ulong bytes, ulong headroom = 0)
    {
        NativeError.Check(NativeMethods.BufferCreate(out BufferHandle buffer, Context, bytes, headroom));
        return Own(buffer);
    }

    T Own<T>(T handle) where T : IDisposable
    {
        _owned.Add(handle);
        return handle;
    }
}
