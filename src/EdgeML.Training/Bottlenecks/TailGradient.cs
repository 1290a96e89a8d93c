using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Training.Bottlenecks;

/// <summary>The sensitivity of the network after a cut: the gradient by the tensor at the cut of how far its softened answer is from a wanted one.
/// One thread at a time.</summary>
sealed unsafe class TailGradient : IDisposable
{
    readonly Backend _backend;
    readonly Engine _engine;
    readonly int _classes;

    TailGradient(byte[] graph, RangeModel tail, int classes)
    {
        _classes = classes;
        _backend = new Backend(new BackendOptions());
        try
        {
            using var none = new WeightsHandle();
            _engine = new Engine(_backend, none, tail with { Onnx = graph });
        }
        catch
        {
            _backend.Dispose();
            throw;
        }
    }

    /// <summary>For a cut of a package; null where a layer after it has no derivative here.</summary>
    public static TailGradient? Of(ModelPackage package, int cut)
    {
        RangeModel tail = package.BuildRange(
            cut + 1, package.Manifest.Units.Count, exitHead: null, emitBoundary: false, inlineWeights: true);
        return GradientGraph.Build(tail) is { } graph ? new TailGradient(graph, tail, package.Manifest.Classes) : null;
    }

    /// <summary>Runs forward and back.</summary>
    /// <param name="tensor">At the cut.</param>
    /// <param name="target">Wanted probabilities, a class each.</param>
    /// <param name="gradient">Receives the gradient by every element of the tensor.</param>
    /// <returns>As <see cref="SoftAnswer.Loss"/>.</returns>
    public double Run(ReadOnlySpan<float> tensor, ReadOnlySpan<float> target, Span<float> gradient)
    {
        fixed (float* first = tensor, second = target)
        {
            void** inputs = stackalloc void*[2];
            inputs[0] = first;
            inputs[1] = second;
            ReadOnlySpan<ulong> bytes = [(ulong)tensor.Length * sizeof(float), (ulong)target.Length * sizeof(float)];
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine.Handle, inputs, bytes, 2));
            using (outputs)
            {
                Output(outputs, 1, gradient.Length).CopyTo(gradient);
                return SoftAnswer.Loss(Output(outputs, 0, _classes), target);
            }
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        _backend.Dispose();
    }

    static ReadOnlySpan<float> Output(OutputsHandle outputs, uint index, int elements)
    {
        var info = new TensorInfoNative();
        NativeError.Check(NativeMethods.OutputsGet(ref info, out void* data, outputs, index));
        return new ReadOnlySpan<float>(data, elements);
    }
}
