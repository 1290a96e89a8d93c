using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Interop;
using EdgeML.Native.Numerics;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>Requests that a tail computes from cut 0 on one thread, in the sizes it found to pay.</summary>
sealed class BatchSubject : IDisposable
{
    public const int MaxBatch = 16;

    readonly BranchedModel _model;
    readonly ITailSlot _slot;
    readonly TailRow[] _rows;

    /// <param name="package">Prepared.</param>
    /// <param name="tries">Whether every exit is tried, and never taken.</param>
    public BatchSubject(string package, bool tries)
    {
        _model = BranchedModel.Load(package);
        Name = _model.Manifest.Name;
        var executor = new ModelTailExecutor(_model, maxBatch: MaxBatch);
        _slot = executor.CreateSlot();
        var thresholds = new float[_model.Manifest.SideExits];
        if (tries) Array.Fill(thresholds, 1e-30f);
        var policy = new ExitPolicy(thresholds, cut: 0);
        _rows = new TailRow[MaxBatch];
        for (int i = 0; i < _rows.Length; i++)
        {
            _rows[i] = new TailRow(_model.Manifest.Classes)
            {
                Encoding = TensorEncoding.Bytes,
                Payload = executor.CreatePayload(_model.Manifest.Input.Elements),
            };
            _rows[i].Policy = policy;
            new Random(i).NextBytes(_rows[i].Payload!.Data.Span);
        }
        OneByOne(1);
        if (!executor.WaitForBatches(TimeSpan.FromMinutes(2)) || !_model.WaitForFusion(TimeSpan.FromMinutes(2)))
            throw new InvalidOperationException("what pays was not found within 2 minutes");
        Best = executor.BatchFor(policy);
        Together(MaxBatch);
    }

    public string Name { get; }

    /// <summary>The batch sizes that the tail found to pay.</summary>
    public int Best { get; }

    void OneByOne(int rows)
    {
        for (int i = 0; i < rows; i++) _slot.Run(_rows.AsSpan(i, 1));
    }

    void Together(int rows) => _slot.Run(_rows.AsSpan(0, rows));

    /// <summary>Median over pairs of the processor time of requests one by one and together, the quotient, and the times, in
    /// microseconds.</summary>
    public (double Ratio, double AloneMicros, double TogetherMicros) Measure(int rows, int pairs)
    {
        var alone = new double[pairs];
        var together = new double[pairs];
        for (int i = -2; i < pairs; i++)
        {
            ulong start = NativeMethods.ThreadCpuNs();
            OneByOne(rows);
            ulong between = NativeMethods.ThreadCpuNs();
            Together(rows);
            ulong end = NativeMethods.ThreadCpuNs();
            if (i < 0) continue;
            (alone[i], together[i]) = ((between - start) / 1e3, (end - between) / 1e3);
        }
        double[] ratios = [.. alone.Zip(together, (a, b) => a / b)];
        return (Statistics.Median(ratios), Statistics.Median(alone), Statistics.Median(together));
    }

    public void Dispose()
    {
        foreach (TailRow row in _rows) row.Payload!.Dispose();
        _slot.Dispose();
        _model.Dispose();
    }
}
