using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Streams;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Streams;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Native.Tests.Preparation;
using EdgeML.Native.Tests.Preparation.Graph;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Networks whose outputs are no class scores answer as one session over their file does, however and wherever they are
/// run.</summary>
public sealed class RawNetworkTests(ITestOutputHelper output)
{
    const int Seed = 20261130;

    public static TheoryData<string> Kinds => [.. RawNetworks.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Run_EveryCut_GivesTheOutputsOfOneSession(string kind)
    {
        using var loaded = new LoadedNetwork(kind);
        using BranchedModel units = BranchedModel.Load(loaded.Folder, new BackendOptions { Fuse = false });
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var here = new EdgeSession(loaded.Model);
        using var unfused = new EdgeSession(units);
        using var away = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tail = ModelTail.To(server.EndPoint.Port) });
        TensorRow outputs = here.NewOutputs();
        output.WriteLine($"{loaded.Prepared}, seed {Seed}");
        for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
        {
            here.Policy = unfused.Policy = away.Policy = new ExitPolicy([], cut);
            for (int sample = 0; sample < 3; sample++)
            {
                Dictionary<string, Array> expected = loaded.Draw(Seed + sample);
                foreach ((EdgeSession session, string way) in new[] { (here, "fused"), (unfused, "unit by unit"), (away, "through a tail") })
                {
                    outputs.Row.Fill(float.NaN);
                    TaskResult result = session.Run(loaded.Inputs, outputs);
                    PlainSession.AssertSame(expected, outputs, $"{way}, cut {cut}, sample {sample}");
                    Assert.Equal((1, -1, session == away && cut < loaded.Manifest.LocalCut), (result.Exit, result.Class, result.Offloaded));
                    Assert.True(float.IsNaN(result.Confidence) && float.IsNaN(result.Entropy) && !result.InvalidLogits && !result.Fallback);
                }
            }
            Assert.True(here.TailStatus == TailStatus.None && loaded.Model.WaitForFusion(ModelTail.Patience));
        }
        Assert.Equal(0, away.ContradictoryAnswers);
        Assert.Empty(away.BackgroundFaults);
    }

    [Theory]
    [InlineData(TensorEncoding.Float16)]
    [InlineData(TensorEncoding.Int8)]
    public void Run_ACodecThatLosesPrecision_LeavesIntegersThatCrossACut(TensorEncoding codec)
    {
        var b = new OnnxBuilder(5);
        string early = b.ConvRelu(b.Input("image", -1, 3, 8, 8), 3, 8);
        b.Graph.Input.Add(OnnxBuilder.Value("stamp", ElementType.Int64, [1, 2]));
        string late = b.ConvRelu(b.ConvRelu(b.ConvRelu(early, 8, 8), 8, 8), 8, 8);
        b.Node("Add", ["stamp", b.Weight64(1)], "next");
        b.Node("Identity", [b.Conv(late, 8, 2)], "heat");
        b.Output("heat", "next");
        using var loaded = new LoadedNetwork("codec", builder: b);
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tail = ModelTail.To(server.EndPoint.Port), Codec = codec });
        TensorRow outputs = session.NewOutputs();
        loaded.Draw(Seed);
        loaded.Inputs.Set("stamp", [1234567890123456789, -4899]);
        var next = new long[2];
        for (int cut = 0; cut < loaded.Manifest.LocalCut; cut++)
        {
            session.Policy = new ExitPolicy([], cut);
            Assert.True(session.Run(loaded.Inputs, outputs).Offloaded);
            outputs.CopyTo("next", next);
            Assert.Equal([1234567890123456790, -4898], next);
        }
        Assert.Contains(loaded.Manifest.Cuts, c => c.K > 0 && c.Tensor.StartsWith("edgeml/", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Run_TailGone_TheEdgeFinishesAtEveryCut(string kind)
    {
        using var loaded = new LoadedNetwork(kind);
        using var tail = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tail = ModelTail.To(tail.Port) });
        TensorRow outputs = session.NewOutputs();
        Dictionary<string, Array> expected = loaded.Draw(Seed);
        Assert.True(session.Run(loaded.Inputs, outputs).Offloaded);
        tail.Kill();
        for (int cut = 0; cut < loaded.Manifest.LocalCut; cut++)
        {
            session.Policy = new ExitPolicy([], cut);
            outputs.Row.Fill(float.NaN);
            TaskResult result = session.Run(loaded.Inputs, outputs);
            Assert.True(result is { Fallback: true, Offloaded: false, Standby: false, Class: -1 });
            PlainSession.AssertSame(expected, outputs, $"cut {cut}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Run_HedgedAndKilled_EveryAnswerIsRight(string kind)
    {
        using var loaded = new LoadedNetwork(kind);
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        var tails = new TailSetOptions
        {
            Tails = [.. new[] { first, second }.Select(tail => new TailEntry { Options = ModelTail.To(tail.Port) })],
            Choice = TailChoice.Balanced,
            HedgeQuantile = 0.5,
            Seed = 3,
        };
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tails = tails });
        TensorRow outputs = session.NewOutputs();
        for (int round = 0; round < 40; round++)
        {
            session.Policy = new ExitPolicy([], round % loaded.Manifest.LocalCut);
            Dictionary<string, Array> expected = loaded.Draw(Seed + round);
            long sent = session.Tails[0].Sent;
            if (round % 10 == 5) second.KillWhileItComputes(() => session.Tails[0].Sent > sent);
            if (round % 10 == 0 && second.IsKilled) second.Restart();
            outputs.Row.Fill(float.NaN);
            TaskResult result = round % 2 == 0 ? session.Run(loaded.Inputs, outputs) : await session.RunAsync(loaded.Inputs, outputs);
            Assert.Equal((1, -1), (result.Exit, result.Class));
            PlainSession.AssertSame(expected, outputs, $"round {round}");
        }
        Assert.Equal(0, session.ContradictoryAnswers);
        Assert.Empty(session.BackgroundFaults);
        Assert.True(session.Tails.Sum(tail => tail.Resent) > 0, "no killed tail was stepped in for");
    }

    [Theory]
    [InlineData("detector")]
    [InlineData("two-inputs")]
    [InlineData("integers")]
    public async Task RunAsync_ATailThatBatches_EveryRowIsRight(string kind)
    {
        using var loaded = new LoadedNetwork(kind, backend: new BackendOptions { AnyBatchPays = true });
        var executor = new ModelTailExecutor(loaded.Model, maxBatch: 4);
        using var server = new TailServer(executor, new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tail = ModelTail.To(server.EndPoint.Port), InFlight = 8 });
        int batched = 0;
        for (int cut = 0; cut < loaded.Manifest.LocalCut; cut++)
        {
            session.Policy = new ExitPolicy([], cut);
            executor.BatchFor(session.Policy);
            Assert.True(executor.WaitForBatches(ModelTail.Patience));
            if (executor.BatchFor(session.Policy) == 4) batched++;
            for (int round = 0; round < 3; round++)
            {
                var rows = new TensorRow[8];
                var expected = new Dictionary<string, Array>[8];
                var tasks = new Task<TaskResult>[8];
                for (int i = 0; i < rows.Length; i++)
                {
                    (expected[i], rows[i]) = (loaded.Draw(i), session.NewOutputs());
                    tasks[i] = session.RunAsync(loaded.Inputs, rows[i]).AsTask();
                }
                foreach (TaskResult result in await Task.WhenAll(tasks)) Assert.True(result is { Offloaded: true, Class: -1 });
                for (int i = 0; i < rows.Length; i++) PlainSession.AssertSame(expected[i], rows[i], $"cut {cut}, row {i}");
            }
        }
        // Scalars have no dimension that could count rows.
        Assert.Equal(kind == "integers" ? 0 : loaded.Manifest.LocalCut, batched);
        output.WriteLine($"batches of {kind} at {batched} cuts of {loaded.Manifest.LocalCut}: {string.Join("; ", loaded.Model.BackendNotes)}");
    }

    public static TheoryData<string> Quantised => [.. QuantisedGraphs.All.Keys];

    [Theory]
    [MemberData(nameof(Quantised))]
    public void Run_QuantisedNetwork_GivesTheSameBitsAtEveryCut(string graph)
    {
        using var loaded = new LoadedNetwork(graph, builder: QuantisedGraphs.All[graph]());
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with { Tail = ModelTail.To(server.EndPoint.Port), Codec = TensorEncoding.Float32 });
        TensorRow outputs = session.NewOutputs();
        output.WriteLine($"{loaded.Prepared}");
        for (int sample = 0; sample < 3; sample++)
        {
            loaded.Draw(Seed + sample);
            session.Policy = new ExitPolicy([], loaded.Manifest.LocalCut);
            session.Run(loaded.Inputs, outputs);
            float[] whole = outputs.Row.ToArray();
            for (int cut = 0; cut < loaded.Manifest.LocalCut; cut++)
            {
                session.Policy = new ExitPolicy([], cut);
                Assert.True(session.Run(loaded.Inputs, outputs).Offloaded);
                Assert.True(whole.AsSpan().SequenceEqual(outputs.Row), $"cut {cut}, sample {sample}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_WarmSession_AllocatesNothing(bool byTail)
    {
        using var loaded = new LoadedNetwork("two-inputs");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        EdgeSessionOptions options = Patient(loaded, 1);
        using var session = new EdgeSession(loaded.Model, byTail ? options with { Tail = ModelTail.To(server.EndPoint.Port) } : options);
        TensorRow outputs = session.NewOutputs();
        var state = new float[6];
        var command = new long[2];
        void Task(int i)
        {
            state[0] = i;
            command[0] = i % 10;
            loaded.Inputs.Set("state", state);
            loaded.Inputs.Set("command", command);
            session.Run(loaded.Inputs, outputs);
            state[1] = outputs["action"][0];
        }
        for (int i = 0; i < 300; i++) Task(i);
        Assert.True(loaded.Model.WaitForFusion(ModelTail.Patience));
        for (int i = 0; i < 100; i++) Task(i);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++) Task(i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Run_PicturesOfADetector_FrameRunnerHandsOutNamedOutputs()
    {
        using var loaded = new LoadedNetwork("pixels");
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = new ExitPolicy([], 1) });
        NamedTensor heat = Assert.Single(session.Outputs);
        Assert.Equal(("heat", "1x5x8x8", "float32"), (heat.Name, string.Join('x', heat.Shape), heat.Type));
        var runner = new FrameRunner(session, new PictureSource(20), new FrameRunnerOptions { Selection = FrameSelection.Every });
        byte[] pixels = new byte[16 * 16 * 3];
        int seen = 0;
        runner.Run((in FrameResult result, ReadOnlySpan<float> row) =>
        {
            TestSource.Fill((int)result.Number, pixels);
            loaded.Inputs.Set("pixels", Array.ConvertAll(pixels, x => (long)x));
            var expected = (float[])loaded.Plain.Run(loaded.Inputs)["heat"];
            ReadOnlySpan<float> own = heat.In(row);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], own[i], 1e-4f);
            Assert.Equal(-1, result.Answer.Class);
            seen++;
        });
        Assert.Equal(20, seen);
    }

    sealed class PictureSource(int count) : IFrameSource
    {
        int _next;

        public bool Read(FrameBuffer frame, CancellationToken cancellation)
        {
            if (_next == count) return false;
            TestSource.Fill(_next++, frame.Resize(16, 16, PixelFormat.Rgb24));
            return true;
        }
    }

    [Theory]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(PolicyControllers.Ddpg)]
    public void Run_UnderAController_PlansByLatencyAndEnergyAlone(string controller)
    {
        using var loaded = new LoadedNetwork("unet");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(server.EndPoint.Port),
            ConnectWait = ModelTail.Patience,
            ControllerName = controller,
            DeadlineMs = 60_000,
            Requirements = new Requirements(1000, 10),
            Profile = Hedged.Device(loaded.Manifest, 200, 0),
        });
        TensorRow outputs = session.NewOutputs();
        for (int i = 0; i < 60; i++)
        {
            Dictionary<string, Array> expected = loaded.Draw(i);
            TaskResult result = session.Run(loaded.Inputs, outputs);
            PlainSession.AssertSame(expected, outputs, $"task {i} under {result.Policy}");
        }
        Assert.Equal(0, session.ContradictoryAnswers);
        Assert.Empty(session.Warnings);
        if (controller == PolicyControllers.Planner)
        {
            Assert.Equal(AccuracyBasis.NotApplicable, session.Explanation.Expected.Judged);
            Assert.True(double.IsNaN(session.Explanation.Expected.Accuracy) && session.Explanation.Expected.LatencyMs > 0);
            Assert.Contains("no accuracy (outputs are no class scores)", session.Explanation.ToString());
        }
    }

    [Fact]
    public void Run_CodecOnNamedInputs_LeavesTheirIntegersAsTheyAre()
    {
        using var loaded = new LoadedNetwork("two-inputs");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 0) with
        {
            Tail = ModelTail.To(server.EndPoint.Port),
            Codec = TensorEncoding.Int8,
        });
        TensorRow outputs = session.NewOutputs();
        Dictionary<string, Array> expected = loaded.Draw(Seed);
        TaskResult result = session.Run(loaded.Inputs, outputs);
        Assert.True(result.Offloaded && result.BytesSent > 4 * loaded.Manifest.Input.Elements);
        PlainSession.AssertSame(expected, outputs, "int8 at cut 0");
    }

    /// <summary>A reply that is none of this network ends the connection; the edge answers.</summary>
    [Theory]
    [InlineData("class", "reply names a class, model two-inputs has 0")]
    [InlineData("short", "reply carries 16 bytes of outputs, 5 numbers take 20")]
    [InlineData("exit", "reply names exit 2 of 1")]
    public void Run_ATailThatLies_IsNotBelieved(string lie, string fault)
    {
        using var loaded = new LoadedNetwork("two-inputs");
        using var tail = ModelTail.Listen(loaded.Model, each =>
        {
            RequestHeader request = each.Next().Request;
            TailAnswer answer = lie == "class" ? new TailAnswer(1, 2, 0.5f, 0.5f) : new TailAnswer(lie == "exit" ? 2 : 1, TailAnswer.NoClass, float.NaN, float.NaN);
            each.Send(Frames.Reply(request.TaskId, answer, new byte[lie == "short" ? 16 : 20]));
            each.Next();
        });
        using var session = new EdgeSession(loaded.Model, Patient(loaded, 1) with { Tail = ModelTail.To(tail.Port) });
        TensorRow outputs = session.NewOutputs();
        Dictionary<string, Array> expected = loaded.Draw(Seed);
        Assert.True(session.Run(loaded.Inputs, outputs) is { Fallback: true, Class: -1 });
        PlainSession.AssertSame(expected, outputs, lie);
        Assert.Contains(fault, session.TailStatus.Fault);
    }

    [Fact]
    public void Run_WrongMemoryOrPolicy_IsRefusedWithNumbers()
    {
        using var loaded = new LoadedNetwork("two-inputs");
        using var session = new EdgeSession(loaded.Model);
        Assert.Contains("room for 4 numbers, model two-inputs has outputs of 5", Assert.Throws<ArgumentException>(
            () => session.Run(loaded.Inputs.Row, new float[4])).Message);
        Assert.Contains("takes image float32 1x3x16x16, state float32 1x6, command int64 1x2, not bytes", Assert.Throws<ArgumentException>(
            () => session.Run(new byte[loaded.Manifest.Input.Elements])).Message);
        Assert.Throws<ArgumentException>(() => session.Policy = new ExitPolicy([0.5f], 1));
        Assert.Throws<ArgumentException>(() => session.Policy = new ExitPolicy([], 1, standby: 1));
        Assert.Contains("recording exits needs class scores, and model two-inputs has 2 outputs of another kind (action float32 1x4, value float32 1x1)",
            Assert.Throws<ArgumentException>(() => new EdgeML.Native.Inference.Profiling.ExitRecorder(loaded.Model)).Message);
        Assert.Contains("TensorRT runs classifiers only", Assert.Throws<ArgumentException>(
            () => BranchedModel.Load(loaded.Folder, new BackendOptions { Kind = BackendKind.TensorRt })).Message);
    }

    static EdgeSessionOptions Patient(LoadedNetwork loaded, int cut) => new()
    {
        Policy = new ExitPolicy([], Math.Min(cut, loaded.Manifest.LocalCut)),
        ConnectWait = ModelTail.Patience,
        DeadlineMs = ModelTail.Patience.TotalMilliseconds,
    };
}
