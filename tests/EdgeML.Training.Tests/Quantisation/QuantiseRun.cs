using System.Runtime.InteropServices;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models;
using EdgeML.Training.Data;
using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>A folder with packages and samples, and runs over them.</summary>
sealed class QuantiseRun : IDisposable, IQuantiseProgress
{
    internal const int Samples = 160;

    readonly TemporaryFolder _folder = new();
    readonly CancellationTokenSource _cancellation = new();
    int _reports;
    int _stopAfter = int.MaxValue;

    internal string this[string name] => _folder[name];

    internal CancellationToken Cancellation => _cancellation.Token;

    /// <summary>A float32 package.</summary>
    internal string Prepare(byte[] onnx, string name = "float")
    {
        ModelPreparation.Prepare(_folder.Write($"{name}.onnx", onnx), _folder[name]);
        return _folder[name];
    }

    /// <summary>Samples without labels, drawn from a seed.</summary>
    internal DataSpec Tensors(int elements, int seed = 7, int samples = Samples)
    {
        var random = new Random(seed);
        float[] values = [.. Enumerable.Range(0, elements * samples).Select(_ => (float)random.NextDouble())];
        return DataSpec.Parse($"tensor:{_folder.Write($"samples{seed}.f32", MemoryMarshal.AsBytes<float>(values).ToArray())}");
    }

    /// <summary>Options with which nothing is refused.</summary>
    internal QuantiseOptions Options(string package, DataSpec data, string name = "int8") =>
        new(package, data, _folder[name]) { MaxLoss = 100, OnnxFile = _folder[$"{name}.onnx"] };

    internal QuantiseReport Run(QuantiseOptions options)
    {
        (_reports, _stopAfter) = (0, int.MaxValue);
        using var quantiser = new NetworkQuantiser(options, this);
        return quantiser.Run(CancellationToken.None);
    }

    /// <summary>Runs until so many reports of progress have come.</summary>
    internal void RunUntil(QuantiseOptions options, int reports)
    {
        (_reports, _stopAfter) = (0, reports);
        using var quantiser = new NetworkQuantiser(options, this);
        Assert.ThrowsAny<OperationCanceledException>(() => quantiser.Run(_cancellation.Token));
    }

    public void Begin(string what, int total)
    {
    }

    public void Report(int done)
    {
        if (++_reports == _stopAfter) _cancellation.Cancel();
    }

    public void End()
    {
    }

    public void Dispose()
    {
        _cancellation.Dispose();
        _folder.Dispose();
    }
}
