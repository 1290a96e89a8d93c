using System.Runtime.InteropServices;
using EdgeML.Native.Tests.Models;
using EdgeML.Training.Branching;
using EdgeML.Training.Data;

namespace EdgeML.Training.Tests.Branching;

/// <summary>A folder with a model file and samples, and runs over them.</summary>
sealed class BranchRun : IDisposable, IBranchProgress
{
    internal const int Samples = 160;

    readonly TemporaryFolder _folder = new();
    readonly CancellationTokenSource _cancellation = new();
    int _reports;
    int _stopAfter = int.MaxValue;

    internal string this[string name] => _folder[name];

    internal string Write(string name, byte[] bytes) => _folder.Write(name, bytes);

    /// <summary>Samples without labels, drawn from a seed.</summary>
    internal DataSpec Tensors(int elements, int seed = 7, int samples = Samples)
    {
        var random = new Random(seed);
        float[] values = [.. Enumerable.Range(0, elements * samples).Select(_ => (float)random.NextDouble())];
        return DataSpec.Parse($"tensor:{Write($"samples{seed}.f32", MemoryMarshal.AsBytes<float>(values).ToArray())}");
    }

    internal BranchReport Run(BranchOptions options)
    {
        (_reports, _stopAfter) = (0, int.MaxValue);
        return new ExitTrainer(options, this).Run(CancellationToken.None);
    }

    /// <summary>Runs until so many reports of progress have come.</summary>
    internal void RunUntil(BranchOptions options, int reports)
    {
        (_reports, _stopAfter) = (0, reports);
        Assert.ThrowsAny<OperationCanceledException>(() => new ExitTrainer(options, this).Run(_cancellation.Token));
    }

    public void Begin(string what, long done, long total)
    {
    }

    public void Report(long done)
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
