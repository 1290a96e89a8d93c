using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Computes rows with a model: one alone from its payload's own memory, several in the sizes that pay. One thread at a time.</summary>
sealed class ModelTailSlot(BranchedModel model, BatchPlans? batches) : ITailSlot
{
    readonly InferenceSlot _slot = new(model);
    readonly float[] _thresholds = new float[(batches?.Rows ?? 0) * model.Manifest.SideExits];
    readonly int[] _said = new int[model.Manifest.ExitRule.Patience > 1 ? (batches?.Rows ?? 0) * RunResultNative.MaxExits : 0];
    readonly Dictionary<PlanKey, (BatchPlan Plan, BatchChain Chain)> _chains = [];
    BatchWorkspace? _workspace;

    public void Run(ReadOnlySpan<TailRow> rows)
    {
        if (rows.Length > 1 && batches is not null)
        {
            ExitPolicy policy = rows[0].Policy;
            var key = PlanKey.For(model.Manifest, policy.Cut, model.Manifest.LocalCut, policy.Thresholds);
            if (batches.Find(key) is { Most: > 1 } plan) rows = RunTogether(plan, rows);
        }
        foreach (TailRow row in rows) RunAlone(row);
    }

    public void Dispose()
    {
        foreach ((_, BatchChain chain) in _chains.Values) chain.Dispose();
        _workspace?.Dispose();
        _slot.Dispose();
    }

    void RunAlone(TailRow row)
    {
        _slot.ContinueFrom(row.Policy.Cut, row.Streak);
        if (row.Encoding == TensorEncoding.Float32 && row.Payload is PinnedBuffer tensor) _slot.RunFrom(row.Policy, tensor);
        else
        {
            _slot.Receive(row.Policy, row.Encoding, PayloadOf(row));
            _slot.Run(row.Policy.Cut, model.Manifest.LocalCut, row.Policy.Thresholds);
        }
        Answer(row, _slot.Result);
    }

    /// <summary>Runs as many rows as it pays to.</summary>
    /// <returns>Those that are left.</returns>
    ReadOnlySpan<TailRow> RunTogether(BatchPlan plan, ReadOnlySpan<TailRow> rows)
    {
        try
        {
            BatchChain chain = ChainFor(plan);
            while (Math.Min(rows.Length, plan.Most) is int size && plan.Pays(size))
            {
                RunTogether(chain, rows[..size]);
                rows = rows[size..];
            }
        }
        catch (NativeException e)
        {
            // Rows one by one need less memory, and no operator that mixes them.
            batches!.Refuse(plan.Key, e.Message);
        }
        return rows;
    }

    void RunTogether(BatchChain chain, ReadOnlySpan<TailRow> rows)
    {
        int exits = model.Manifest.SideExits;
        for (int i = 0; i < rows.Length; i++)
        {
            if (_said.Length > 0) rows[i].Streak.Fill(model.Manifest, rows[i].Policy.Cut, _said.AsSpan(i * RunResultNative.MaxExits, RunResultNative.MaxExits));
            Span<float> thresholds = _thresholds.AsSpan(i * exits, exits);
            rows[i].Policy.Thresholds.CopyTo(thresholds);
            // Exits before the cut may differ between the rows, and do not run here.
            thresholds[..ExitStreak.ExitsBefore(model.Manifest, rows[i].Policy.Cut)].Clear();
            _slot.Decode(rows[i].Policy, rows[i].Encoding, PayloadOf(rows[i]), chain.Row(i));
        }
        ReadOnlySpan<RunResultNative> results = chain.Run(rows.Length, _thresholds, _said);
        for (int i = 0; i < rows.Length; i++) Answer(rows[i], results[i]);
    }

    BatchChain ChainFor(BatchPlan plan)
    {
        if (_chains.TryGetValue(plan.Key, out var known))
        {
            if (known.Plan == plan) return known.Chain;
            known.Chain.Dispose();
            _chains.Remove(plan.Key);
        }
        _workspace ??= new BatchWorkspace(model, batches!.Rows);
        var chain = new BatchChain(model, _workspace, plan.Key, plan.Engines, model.ExitRule.Rule);
        _chains.Add(plan.Key, (plan, chain));
        return chain;
    }

    ReadOnlySpan<byte> PayloadOf(TailRow row) =>
        row.Payload!.Data.Span[..PayloadSize.Of(model.Manifest, model.Bottlenecks, row.Policy, row.Encoding)];

    static unsafe void Answer(TailRow row, in RunResultNative result)
    {
        new ReadOnlySpan<float>(result.Logits, (int)result.LogitCount).CopyTo(row.Logits);
        row.Answer = new TailAnswer((int)result.ExitIndex, result.Label, result.Entropy, result.Confidence);
        row.InvalidLogits = (result.Flags & RunResultNative.InvalidLogits) != 0;
    }
}
