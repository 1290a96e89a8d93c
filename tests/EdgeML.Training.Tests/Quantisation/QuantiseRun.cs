using EdgeML.Native.Preparation;
using EdgeML.Training.Data;
using EdgeML.Training.Quantisation;
using EdgeML.Training.Tests.Progress;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>Runs that quantise packages.</summary>
sealed class QuantiseRun : SampleRun
{
    /// <summary>A float32 package.</summary>
    internal string Prepare(byte[] onnx, string name = "float")
    {
        ModelPreparation.Prepare(Write($"{name}.onnx", onnx), this[name]);
        return this[name];
    }

    /// <summary>Options with which nothing is refused.</summary>
    internal QuantiseOptions Options(string package, DataSpec data, string name = "int8") =>
        new(package, data, this[name]) { MaxLoss = 100, OnnxFile = this[$"{name}.onnx"] };

    internal QuantiseReport Run(QuantiseOptions options)
    {
        StopAfter(int.MaxValue);
        using var quantiser = new NetworkQuantiser(options, this);
        return quantiser.Run(CancellationToken.None);
    }

    /// <summary>Runs until so many reports of progress have come.</summary>
    internal void RunUntil(QuantiseOptions options, int reports)
    {
        StopAfter(reports);
        using var quantiser = new NetworkQuantiser(options, this);
        Assert.ThrowsAny<OperationCanceledException>(() => quantiser.Run(Cancellation));
    }
}
