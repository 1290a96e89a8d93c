using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Requests to a model's tail: inputs as they lie at a cut, computed alone and together.</summary>
sealed class TailRows : IDisposable
{
    readonly BranchedModel _model;
    readonly InferenceSlot _edge;
    readonly ITailSlot _alone;
    readonly List<TailRow> _rows = [];

    public TailRows(BranchedModel model, int maxBatch)
    {
        _model = model;
        _edge = new InferenceSlot(model);
        Executor = new ModelTailExecutor(model, maxBatch: maxBatch);
        Slot = Executor.CreateSlot();
        _alone = new ModelTailExecutor(model).CreateSlot();
    }

    public ModelTailExecutor Executor { get; }

    public ITailSlot Slot { get; }

    ModelManifest Manifest => _model.Manifest;

    /// <summary>A request with a seeded input, whatever exits it would have left at before its cut.</summary>
    public TailRow Make(int seed, ExitPolicy policy, TensorEncoding encoding = TensorEncoding.Float32)
    {
        var random = new Random(seed);
        var pixels = new byte[Manifest.Input.Elements];
        random.NextBytes(pixels);
        if (seed % 2 == 0) Array.Sort(pixels); // for answers that differ
        _edge.Load(pixels);
        _edge.DecodeInput();
        _edge.Run(0, policy.Cut, default);
        (nint address, int bytes) = _edge.Encode(policy, encoding);
        ITailPayload payload = Executor.CreatePayload(bytes + 100);
        unsafe
        {
            new ReadOnlySpan<byte>((void*)address, bytes).CopyTo(payload.Data.Span);
        }
        var row = new TailRow(Manifest.Classes) { Encoding = encoding, Payload = payload };
        row.Policy = policy;
        _rows.Add(row);
        return row;
    }

    /// <summary>What a request is answered by itself.</summary>
    public (TailAnswer Answer, float[] Logits, bool Invalid) Alone(TailRow row)
    {
        var copy = new TailRow(Manifest.Classes) { Encoding = row.Encoding, Payload = row.Payload };
        copy.Policy = row.Policy;
        _alone.Run([copy]);
        return (copy.Answer, copy.Logits, copy.InvalidLogits);
    }

    /// <summary>Runs requests together and holds each answer to the one it gets alone.</summary>
    /// <returns>The exits taken.</returns>
    public int[] Compare(TailRow[] rows, string what)
    {
        var expected = Array.ConvertAll(rows, Alone);
        Slot.Run(rows);
        for (int i = 0; i < rows.Length; i++)
        {
            (TailAnswer answer, float[] logits, bool invalid) = expected[i];
            string which = $"{what}, row {i + 1} of {rows.Length}";
            Assert.True((answer.Exit, answer.Class, invalid) == (rows[i].Answer.Exit, rows[i].Answer.Class, rows[i].InvalidLogits),
                $"{which}: {rows[i].Answer}, alone {answer}");
            if (invalid) continue;
            Assert.Equal(answer.Entropy, rows[i].Answer.Entropy, 1e-5f);
            Assert.Equal(answer.Confidence, rows[i].Answer.Confidence, 1e-5f);
            float scale = Math.Max(1, logits.Max(Math.Abs));
            for (int k = 0; k < logits.Length; k++)
                Assert.True(Math.Abs(logits[k] - rows[i].Logits[k]) <= 1e-5f * scale, $"{which}: logit {rows[i].Logits[k]}, alone {logits[k]}");
        }
        return [.. rows.Select(row => row.Answer.Exit)];
    }

    public void Dispose()
    {
        foreach (TailRow row in _rows) row.Payload!.Dispose();
        Slot.Dispose();
        _alone.Dispose();
        _edge.Dispose();
    }
}
