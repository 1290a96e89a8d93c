using System.Runtime.InteropServices;
using EdgeML.Native.Tests.Models;
using EdgeML.Training.Data;
using EdgeML.Training.Progress;

namespace EdgeML.Training.Tests.Progress;

/// <summary>A folder with samples and what runs over them make; a run can be cancelled after so many reports of progress.</summary>
abstract class SampleRun : IDisposable, IStageProgress
{
    internal const int Samples = 160;

    readonly TemporaryFolder _folder = new();
    readonly CancellationTokenSource _cancellation = new();
    int _reports;
    int _stopAfter = int.MaxValue;

    internal string this[string name] => _folder[name];

    internal CancellationToken Cancellation => _cancellation.Token;

    internal string Write(string name, byte[] bytes) => _folder.Write(name, bytes);

    /// <summary>Samples without labels, drawn from a seed.</summary>
    internal DataSpec Tensors(int elements, int seed = 7, int samples = Samples)
    {
        var random = new Random(seed);
        float[] values = [.. Enumerable.Range(0, elements * samples).Select(_ => (float)random.NextDouble())];
        return DataSpec.Parse($"tensor:{Write($"samples{seed}.f32", MemoryMarshal.AsBytes<float>(values).ToArray())}");
    }

    /// <summary>From now on, cancels after so many reports.</summary>
    protected void StopAfter(int reports) => (_reports, _stopAfter) = (0, reports);

    void IStageProgress.Begin(string what, long total, long done)
    {
    }

    void IStageProgress.Report(long done)
    {
        if (++_reports == _stopAfter) _cancellation.Cancel();
    }

    void IStageProgress.End()
    {
    }

    public void Dispose()
    {
        _cancellation.Dispose();
        _folder.Dispose();
    }
}
