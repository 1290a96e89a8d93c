using System.Diagnostics.Metrics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.AccuracyGuarantees;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.AccuracyGuarantees;

public sealed class GuaranteeSessionTests
{
    static AccuracyGuarantee GuaranteeOf(ModelManifest manifest, float limit) => new()
    {
        Model = manifest.Hash,
        MaxLoss = 0.01,
        Confidence = 0.9,
        Labelled = false,
        Limits = [.. Enumerable.Repeat(limit, manifest.SideExits)],
        DiffersAtMost = 0.01,
        Samples = 500,
        Losses = 2,
        Source = "test",
    };

    [Fact]
    public void Run_PolicyBeyondTheGuarantee_IsKeptInsideAndNamed()
    {
        using var loaded = new LoadedGraph("residual");
        AccuracyGuarantee saved = loaded.Model.Package.SaveGuarantee(GuaranteeOf(loaded.Manifest, 0f));
        float[] input = loaded.Input(3);
        ExitPolicy always = loaded.Policy(1f, loaded.Manifest.LocalCut);

        using var kept = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = always });
        TaskResult answer = kept.Run(input);
        Assert.Equal(loaded.Manifest.Exits.Count, answer.Exit);
        Assert.Equal(saved, answer.Guarantee);
        Assert.Equal(0f, kept.Policy.Thresholds[0]);
        Assert.Equal(64, kept.Guarantee!.Digest.Length);

        using var free = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = always, KeepGuarantee = false });
        TaskResult early = free.Run(input);
        Assert.Equal(1, early.Exit);
        Assert.Null(early.Guarantee);
    }

    [Fact]
    public void SaveGuarantee_ReadAgain_IsTheSameAndBelongsToItsModel()
    {
        using var loaded = new LoadedGraph("residual");
        AccuracyGuarantee saved = loaded.Model.Package.SaveGuarantee(GuaranteeOf(loaded.Manifest, 0.25f) with { Tighter = [[0.125f]] });
        using (ModelPackage again = ModelPackage.Open(loaded.Folder))
        {
            Assert.Equal(saved.Digest, again.Guarantee!.Digest);
            Assert.Equal([0.25f], again.Guarantee.Limits);
            Assert.Equal([0.125f], Assert.Single(again.Guarantee.Tighter));
        }
        AccuracyGuarantee foreign = saved with { Model = "sha256:" + new string('0', 64) };
        Assert.Contains("was made for sha256:000",
            Assert.Throws<InvalidDataException>(() => loaded.Model.Package.SaveGuarantee(foreign)).Message);
        AccuracyGuarantee wider = saved with { Tighter = [[0.5f]] };
        Assert.Contains("not inside", Assert.Throws<InvalidDataException>(() => loaded.Model.Package.SaveGuarantee(wider)).Message);

        string file = Path.Combine(loaded.Folder, "promise.json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("0.25", "0.75", StringComparison.Ordinal));
        Assert.Contains("promise.json: the digest is", Assert.Throws<InvalidDataException>(() => ModelPackage.Open(loaded.Folder)).Message);
    }

    [Fact]
    public void Run_AnswersThatDiffer_TightenTheLimitsUntilNoExitIsTaken()
    {
        (LoadedGraph loaded, float[] differs) = Disagreeing();
        using var owned = loaded;
        AccuracyGuarantee guarantee = GuaranteeOf(loaded.Manifest, 1f) with { Tighter = [[.. Enumerable.Repeat(0.999f, loaded.Manifest.SideExits)]] };
        loaded.Model.Package.SaveGuarantee(guarantee);
        (long tightened, long differing) = (0, 0);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName
                    && instrument.Name.StartsWith("edgeml.promise.", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) =>
        {
            if (instrument.Name == "edgeml.promise.tightened") Interlocked.Add(ref tightened, count);
            if (instrument.Name == "edgeml.promise.checks" && tags.Length == 1 && tags[0].Value is "differs")
                Interlocked.Add(ref differing, count);
        });
        listener.Start();
        using var session = new EdgeSession(
            loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(1f, loaded.Manifest.LocalCut), CheckShare = 1 });
        for (int i = 0; i < 400 && session.Guarantee!.Limits[0] > 0; i++)
        {
            session.Run(differs);
            session.Flush();
        }
        Assert.Equal(0f, session.Guarantee!.Limits[0]);
        Assert.Equal(2, session.GuaranteeChecks.Tightened);
        TaskResult late = session.Run(differs);
        Assert.Equal(loaded.Manifest.Exits.Count, late.Exit);
        Assert.Equal(2, late.Guarantee!.Tightened);
        // The meter is the process's: sessions of other tests may add to it.
        Assert.True(Interlocked.Read(ref tightened) >= 2 && Interlocked.Read(ref differing) >= session.GuaranteeChecks.Differing);
    }

    [Fact]
    public void Run_WithATail_ChecksThere()
    {
        (LoadedGraph loaded, float[] differs) = Disagreeing();
        using var owned = loaded;
        loaded.Model.Package.SaveGuarantee(GuaranteeOf(loaded.Manifest, 1f));
        int runs = 0;
        var executor = new WatchedExecutor(new ModelTailExecutor(loaded.Model), rows => Interlocked.Add(ref runs, rows));
        using var tail = new TailServer(executor, new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Policy = loaded.Policy(1f, loaded.Manifest.LocalCut),
            CheckShare = 1,
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = tail.EndPoint.Port },
            ConnectWait = TimeSpan.FromSeconds(30),
        });
        Assert.Equal(1, session.Run(differs).Exit);
        session.Flush();
        Assert.Equal((1, 1), (session.GuaranteeChecks.Checked, session.GuaranteeChecks.Differing));
        Assert.Equal(1, Volatile.Read(ref runs));
    }

    [Fact]
    public void Run_EveryTaskChecked_AllocatesNothingOnTheTasksThread()
    {
        using var loaded = new LoadedGraph("chain");
        loaded.Model.Package.SaveGuarantee(GuaranteeOf(loaded.Manifest, 1f) with { DiffersAtMost = 0.999 });
        using var session = new EdgeSession(
            loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(1f, loaded.Manifest.LocalCut), CheckShare = 1 });
        float[] input = loaded.Input(1);
        for (int i = 0; i < 2000; i++) session.Run(input);
        Assert.True(loaded.Model.WaitForFusion(TimeSpan.FromSeconds(30)));
        for (int i = 0; i < 2000; i++) session.Run(input);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++) session.Run(input);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        session.Flush();
        GuaranteeCounters counters = session.GuaranteeChecks;
        Assert.Equal(6000, counters.Checked + counters.Skipped);
    }

    [Fact]
    public void Create_ShareOutsideItsRange_IsRefused()
    {
        using var loaded = new LoadedGraph("chain");
        var error = Assert.Throws<ArgumentOutOfRangeException>(
            () => new EdgeSession(loaded.Model, new EdgeSessionOptions { CheckShare = 2 }));
        Assert.Equal("CheckShare is 2, not in 0..1 (Parameter 'CheckShare')", error.Message);
    }

    /// <summary>A graph with an input that its first exit answers otherwise than its final one.</summary>
    static (LoadedGraph Loaded, float[] Differs) Disagreeing()
    {
        foreach (string name in Graphs.All.Keys)
        {
            var loaded = new LoadedGraph(name);
            for (int seed = 0; seed < 60 && loaded.Manifest.SideExits > 0; seed++)
            {
                float[] input = loaded.Input(seed);
                for (int i = 0; i < input.Length; i++) input[i] = (input[i] - 0.5f) * (1 + (seed % 7));
                float[][] logits = loaded.Reference(input);
                if (Array.IndexOf(logits[0], logits[0].Max()) != Array.IndexOf(logits[^1], logits[^1].Max())) return (loaded, input);
            }
            loaded.Dispose();
        }
        throw new InvalidOperationException("no graph has two exits that differ");
    }
}
