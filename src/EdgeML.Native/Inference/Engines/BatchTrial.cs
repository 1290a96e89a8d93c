using System.Diagnostics;
using System.Globalization;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Tries one plan with several rows: whether they are answered as they are alone, and how long they take. One thread.</summary>
sealed class BatchTrial : IDisposable
{
    /// <summary>Logits may differ by so much of the largest one, entropies by so much.</summary>
    const float Tolerance = 1e-5f;

    const int Inputs = 3, LeastRounds = 3, MostRounds = 9;

    static readonly TimeSpan s_measuring = TimeSpan.FromMilliseconds(400);

    readonly BranchedModel _model;
    readonly PlanKey _key;
    readonly InferenceSlot _slot;
    readonly BatchWorkspace _workspace;
    readonly ChainPlan _alone;
    readonly float[] _never;
    readonly float[][] _tensors = new float[Inputs][];
    readonly float[][] _logits = new float[Inputs][];
    readonly float[][] _entropies = new float[Inputs][];

    /// <param name="model">Loaded.</param>
    /// <param name="key">Ends at the last unit.</param>
    /// <param name="rows">Most of them.</param>
    public BatchTrial(BranchedModel model, PlanKey key, int rows)
    {
        (_model, _key) = (model, key);
        _slot = new InferenceSlot(model);
        _workspace = new BatchWorkspace(model, rows);
        // By entropy, which is continuous: what another rule makes of scores that differ in the last bit is no fault of the batch.
        _alone = new ChainPlan(model, _slot.Workspace, key, Fusion.Now, default(ExitRule));
        int exits = model.Manifest.SideExits;
        _never = new float[rows * exits];
        for (int i = 0; i < _never.Length; i++) _never[i] = (key.TriedExits >> (i % exits) & 1) != 0 ? float.Epsilon : 0;
        for (int i = 0; i < Inputs; i++) MakeInput(i);
    }

    /// <summary>The plan with these engines, measured.</summary>
    /// <param name="engines">One per range.</param>
    /// <param name="refusal">Why there is none: the rows cannot be computed together, or are answered otherwise.</param>
    /// <param name="cancellation">Ends the measuring early.</param>
    public BatchPlan? Try(IReadOnlyList<Engine> engines, out string? refusal, CancellationToken cancellation)
    {
        refusal = null;
        try
        {
            using var chain = new BatchChain(_model, _workspace, _key, engines, default);
            refusal = Difference(chain, 2) ?? Difference(chain, _workspace.Rows);
            return refusal is null ? new BatchPlan(_key, engines, Measure(chain, cancellation), _model.AnyBatchPays) : null;
        }
        catch (NativeException e)
        {
            refusal = e.Message;
            return null;
        }
    }

    public void Dispose()
    {
        _alone.Dispose();
        _slot.Dispose();
        _workspace.Dispose();
    }

    void MakeInput(int index)
    {
        var random = new SeededRandom(index + 1);
        if (_model.Manifest.TakesBytes)
        {
            Span<byte> pixels = new byte[_model.Manifest.Input.Elements];
            foreach (ref byte value in pixels) value = (byte)random.Below(256);
            _slot.Load(pixels);
            _slot.DecodeInput();
        }
        else _slot.Load(InputExamples.Row(_model.Manifest, random.Uniform));
        if (_key.Start > 0) _slot.Run(0, _key.Start, default);
        _tensors[index] = _slot.Workspace.Boundary(_key.Start).Floats.ToArray();
        ref readonly RunResultNative result = ref RunAlone(index);
        _logits[index] = Logits(result);
        _entropies[index] = Entropies(result);
    }

    ref readonly RunResultNative RunAlone(int index)
    {
        _tensors[index].CopyTo(_slot.Workspace.Boundary(_key.Start).Floats);
        _slot.Run(_alone, _never.AsSpan(0, _model.Manifest.SideExits));
        return ref _slot.Result;
    }

    ReadOnlySpan<RunResultNative> RunTogether(BatchChain chain, int rows)
    {
        for (int row = 0; row < rows; row++) _tensors[row % Inputs].CopyTo(chain.Row(row));
        return chain.Run(rows, _never.AsSpan(0, rows * _model.Manifest.SideExits));
    }

    string? Difference(BatchChain chain, int rows)
    {
        ReadOnlySpan<RunResultNative> results = RunTogether(chain, rows);
        for (int row = 0; row < rows; row++)
        {
            float logits = LargestShare(_logits[row % Inputs], Logits(results[row]));
            float entropies = Largest(_entropies[row % Inputs], Entropies(results[row]));
            if (!(logits <= Tolerance) || !(entropies <= Tolerance))
                return string.Create(CultureInfo.InvariantCulture,
                    $"row {row + 1} of {rows} is answered otherwise than alone, logits by {logits:0.0e0} of the largest, entropies by {entropies:0.0e0}");
        }
        return null;
    }

    /// <summary>The largest difference as a part of the largest number, for each output of a network without class scores separately: they may
    /// be of any size. Integers must be the same.</summary>
    float LargestShare(float[] expected, float[] got)
    {
        if (_model.Manifest.Outputs is not { } outputs) return Share(expected, got);
        float largest = 0;
        foreach (NamedTensor output in outputs)
        {
            float[] right = expected[output.Offset..(output.Offset + output.RowElements)], own = got[output.Offset..(output.Offset + output.RowElements)];
            float share = output.IsInteger ? (right.AsSpan().SequenceEqual(own) ? 0 : 1) : Share(right, own);
            // NaN stays.
            largest = Math.Max(largest, share);
        }
        return largest;
    }

    static float Share(float[] expected, float[] got)
    {
        float largest = 0;
        foreach (float each in expected)
            if (float.IsFinite(each)) largest = Math.Max(largest, Math.Abs(each));
        return Largest(expected, got) / Math.Max(1, largest);
    }

    (int Rows, double Ms)[] Measure(BatchChain chain, CancellationToken cancellation)
    {
        var sizes = new List<int> { 1 };
        for (int rows = 2; rows < _workspace.Rows; rows *= 2) sizes.Add(rows);
        sizes.Add(_workspace.Rows);
        double[] least = [.. sizes.Select(_ => double.PositiveInfinity)];
        long start = Stopwatch.GetTimestamp();
        // In turns, and the least of each: what disturbs a run makes it longer.
        for (int round = 0; round < MostRounds && (round < LeastRounds || Stopwatch.GetElapsedTime(start) < s_measuring); round++)
        {
            for (int i = 0; i < sizes.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                least[i] = Math.Min(least[i], sizes[i] == 1 ? TimeAlone() : TimeTogether(chain, sizes[i]));
            }
        }
        return [.. sizes.Zip(least)];
    }

    /// <summary>Of one row among several that follow each other: a tail that computes one by one finds its weights in the caches, too.</summary>
    double TimeAlone()
    {
        double begin = Milliseconds();
        for (int run = 0; run < _workspace.Rows; run++) RunAlone(run % Inputs);
        return (Milliseconds() - begin) / _workspace.Rows;
    }

    double TimeTogether(BatchChain chain, int rows)
    {
        double begin = Milliseconds();
        RunTogether(chain, rows);
        return Milliseconds() - begin;
    }

    /// <summary>Of this thread's computing, because the tail's own threads are at work beside it; of the clock where others help it.</summary>
    double Milliseconds()
    {
        ulong computed = _model.Backend.Threads == 1 ? NativeMethods.ThreadCpuNs() : 0;
        return computed > 0 ? computed / 1e6 : Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;
    }

    static unsafe float[] Logits(in RunResultNative result) => new ReadOnlySpan<float>(result.Logits, (int)result.LogitCount).ToArray();

    unsafe float[] Entropies(in RunResultNative result)
    {
        var entropies = new float[_model.Manifest.Exits.Count];
        for (int i = 0; i < _model.Manifest.SideExits; i++)
            entropies[i] = (_key.TriedExits >> i & 1) != 0 ? result.ExitEntropy[i] : 0;
        entropies[^1] = result.Entropy;
        return entropies;
    }

    static float Largest(float[] expected, float[] got)
    {
        float largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            float difference = expected[i] == got[i] || (float.IsNaN(expected[i]) && float.IsNaN(got[i])) ? 0 : Math.Abs(expected[i] - got[i]);
            largest = Math.Max(largest, difference);
        }
        return largest;
    }
}
