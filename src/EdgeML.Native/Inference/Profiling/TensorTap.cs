using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Runs a model with one input and one output of floats. One thread at a time; several taps may share an engine.</summary>
sealed class TensorTap : IDisposable
{
    readonly ChainHandle _chain;
    readonly PinnedBuffer _input;
    readonly PinnedBuffer _output;
    RunResultNative _result = new();

    /// <param name="backend">The engine's.</param>
    /// <param name="engine">Made from a model with a boundary output and no scores.</param>
    /// <param name="inputs">Elements of the input.</param>
    /// <param name="outputs">Elements of the output.</param>
    public TensorTap(Backend backend, Engine engine, int inputs, int outputs)
    {
        _input = new PinnedBuffer(backend, (long)inputs * sizeof(float));
        _output = new PinnedBuffer(backend, (long)outputs * sizeof(float));
        NativeError.Check(NativeMethods.ChainCreate(out _chain, backend.Handle));
        using var none = new BufferHandle();
        NativeError.Check(NativeMethods.ChainAdd(_chain, engine.Handle, _input.Handle, _output.Handle, none, new StageNative()));
    }

    /// <summary>To fill before <see cref="Run"/>.</summary>
    public Span<float> Input => _input.Floats;

    /// <summary>The tensors of the last run.</summary>
    public ReadOnlySpan<float> Output => _output.Floats;

    public void Run() => NativeError.Check(NativeMethods.ChainRun(ref _result, _chain, new RunDescNative()));

    public void Dispose()
    {
        _chain.Dispose();
        _input.Release();
        _output.Release();
    }
}
