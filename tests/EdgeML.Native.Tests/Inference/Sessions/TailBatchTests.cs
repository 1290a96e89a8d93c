using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Requests computed together against each for itself.</summary>
public class TailBatchTests
{
    const int MaxBatch = 8;

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    static readonly BackendOptions s_always = new() { AnyBatchPays = true };

    [Theory]
    [MemberData(nameof(Graphs.Names), MemberType = typeof(Graphs))]
    [InlineData("transformer")]
    public void Run_RowsOfAnyNumberAtEveryCut_AnswerAsAlone(string name)
    {
        using var loaded = new LoadedGraph(Graphs.Make(name).Bytes, s_always);
        using var rows = new TailRows(loaded.Model, MaxBatch);
        EveryCut(loaded.Model, rows, name, counts: [1, 2, 3, 5, 8, 11]);
        Assert.Empty(loaded.Model.BackendNotes);
    }

    [Fact]
    public void Run_ShippedModel_AnswersAsAlone()
    {
        using var folder = new TemporaryFolder();
        ModelPreparation.Prepare(TensorRtDoubles.ShippedModel(), folder["package"]);
        using var model = BranchedModel.Load(folder["package"], s_always);
        using var rows = new TailRows(model, MaxBatch);
        EveryCut(model, rows, "shapes-vgg", counts: [1, 2, 7, 8]);
        Assert.Empty(model.BackendNotes);
    }

    [Fact]
    public void Run_ExitsBeforeTheCutDiffer_RowsAreStillComputedTogether()
    {
        using var folder = new TemporaryFolder();
        ModelPreparation.Prepare(TensorRtDoubles.ShippedModel(), folder["package"]);
        using var model = BranchedModel.Load(folder["package"], s_always);
        using var rows = new TailRows(model, MaxBatch);
        int cut = model.Manifest.Exits[0].AfterUnit;
        ExitPolicy Policy(int row) => new([row % 2 == 0 ? 0 : 0.4f, .. Enumerable.Repeat(0.3f, model.Manifest.SideExits - 1)], cut);
        rows.Executor.BatchFor(Policy(0));
        Assert.True(rows.Executor.WaitForBatches(s_patience));
        rows.Compare([.. Enumerable.Range(0, 6).Select(i => rows.Make(i + 1, Policy(i)))], "exit 1 differs");
        Assert.Empty(model.BackendNotes);
        Assert.Equal(MaxBatch, rows.Executor.BatchFor(Policy(1)));
    }

    static void EveryCut(BranchedModel model, TailRows rows, string name, int[] counts)
    {
        ModelManifest manifest = model.Manifest;
        var taken = new HashSet<int>();
        for (int cut = 0; cut < manifest.LocalCut; cut++)
        {
            // No exit, the first, all: with thresholds that differ from row to row.
            foreach (uint tried in (uint[])[0, 1, (1u << manifest.SideExits) - 1])
            {
                rows.Executor.BatchFor(new ExitPolicy(Thresholds(manifest, tried, 1), cut));
                Assert.True(rows.Executor.WaitForBatches(s_patience));
                Assert.True(rows.Executor.BatchFor(new ExitPolicy(Thresholds(manifest, tried, 1), cut)) == MaxBatch,
                    $"{name} from cut {cut}: {string.Join(", ", model.BackendNotes)}");
                TailRow[] made = [.. Enumerable.Range(0, counts.Max()).Select(i =>
                    rows.Make(i + 1, new ExitPolicy(Thresholds(manifest, tried, i), cut)))];
                foreach (int count in counts) taken.UnionWith(rows.Compare(made[..count], $"{name} from cut {cut}, exits {tried:b}"));
            }
        }
        Assert.Equal(manifest.Exits.Count, taken.Count);
    }

    static float[] Thresholds(ModelManifest manifest, uint tried, int row) =>
        [.. Enumerable.Range(0, manifest.SideExits).Select(exit => (tried >> exit & 1) == 0 ? 0 : (row + exit) % 3 == 0 ? 1f : 1e-30f)];

    [Theory]
    [InlineData(TensorEncoding.Float16)]
    [InlineData(TensorEncoding.Int8)]
    [InlineData(TensorEncoding.Bytes)]
    public void Run_RowsInAnotherEncoding_AreDecodedFromTheirPayloads(TensorEncoding encoding)
    {
        using var loaded = new LoadedGraph("chain", s_always);
        using var rows = new TailRows(loaded.Model, MaxBatch);
        ExitPolicy policy = loaded.Policy(0.9f, encoding == TensorEncoding.Bytes ? 0 : 1);
        rows.Executor.BatchFor(policy);
        Assert.True(rows.Executor.WaitForBatches(s_patience));
        rows.Compare([.. Enumerable.Range(1, 5).Select(seed => rows.Make(seed, policy, encoding))], encoding.ToString());
    }

    [Fact]
    public void Run_ARowWithoutNumbers_FlagsItAlone()
    {
        using var loaded = new LoadedGraph("residual", s_always);
        using var rows = new TailRows(loaded.Model, MaxBatch);
        ExitPolicy policy = loaded.Policy(1f, 1);
        rows.Executor.BatchFor(policy);
        Assert.True(rows.Executor.WaitForBatches(s_patience));
        TailRow[] made = [.. Enumerable.Range(1, 6).Select(seed => rows.Make(seed, policy))];
        MemoryMarshal.Cast<byte, float>(made[2].Payload!.Data.Span)[..4].Fill(float.NaN);
        int[] exits = rows.Compare(made, "one row NaN");
        Assert.Equal([false, false, true, false, false, false], made.Select(row => row.InvalidLogits));
        Assert.Equal(loaded.Manifest.Exits.Count, exits[2]); // no exit is sure of it
        Assert.NotEqual(exits[2], exits[0]);
        rows.Slot.Run([made[2]]);
        Assert.True(made[2].InvalidLogits);
        rows.Slot.Run([made[0]]);
        Assert.False(made[0].InvalidLogits);
    }

    [Fact]
    public void Run_SteadyState_AllocatesNothing()
    {
        using var loaded = new LoadedGraph("chain", s_always);
        using var rows = new TailRows(loaded.Model, MaxBatch);
        ExitPolicy policy = loaded.Policy(0.9f, 0);
        Assert.True(rows.Executor.WaitForBatches(s_patience));
        TailRow[] made = [.. Enumerable.Range(1, MaxBatch).Select(seed => rows.Make(seed, policy))];
        void RunAll()
        {
            for (int count = 1; count <= MaxBatch; count++) rows.Slot.Run(made.AsSpan(0, count));
            rows.Executor.BatchFor(policy);
            rows.Executor.ExpectedMs(policy, 3);
        }
        RunAll();
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        for (int i = 0; i < 100; i++) RunAll();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++) RunAll();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Rows that an operator mixes are told from rows that it does not, and nothing is answered wrong meanwhile.</summary>
    [Fact]
    public void Run_NetworkThatMixesRows_IsComputedRowByRowAndSaysSo()
    {
        var b = new OnnxBuilder(3);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        b.Head(x, 8, 5, "exit1");
        string mean = b.Node("ReduceMean", [x], null, OnnxBuilder.Ints("axes", 0)); // of one row, nothing
        b.Head(b.ConvRelu(b.Node("Sub", [b.Node("Add", [x, x]), mean]), 8, 8), 8, 5, "logits");
        b.Output("exit1", "logits");
        using var loaded = new LoadedGraph(b.Bytes, s_always);
        using var rows = new TailRows(loaded.Model, MaxBatch);
        ExitPolicy policy = loaded.Policy(0, 0);
        Assert.True(rows.Executor.WaitForBatches(s_patience));
        Assert.Equal((MaxBatch, 1), (rows.Executor.MaxBatch, rows.Executor.BatchFor(policy)));
        rows.Compare([.. Enumerable.Range(1, 4).Select(seed => rows.Make(seed, policy))], "mixing");
        string note = Assert.Single(loaded.Model.BackendNotes);
        Assert.Contains("row by row from cut 0 on: row 1 of 2 is answered otherwise than alone", note, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_ABatchOutsideItsRange_IsRefused()
    {
        using var loaded = new LoadedGraph("chain");
        Assert.Equal(1, new ModelTailExecutor(loaded.Model).MaxBatch);
        foreach (int size in (int[])[0, 65])
            Assert.Throws<ArgumentOutOfRangeException>(() => new ModelTailExecutor(loaded.Model, maxBatch: size));
    }
}
