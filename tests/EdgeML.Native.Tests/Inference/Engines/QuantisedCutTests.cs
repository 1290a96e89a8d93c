using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Packages;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Server;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Native.Tests.Preparation.Graph;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Quantised networks give the same bits wherever they are cut, and what travels are their integers.</summary>
public sealed class QuantisedCutTests(ITestOutputHelper output)
{
    const int Inputs = 24;

    public static TheoryData<string> Names => [.. QuantisedGraphs.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Prepare_QuantisedNetwork_IsCutAtItsIntegers(string name)
    {
        using var loaded = Load(name);
        ModelManifest manifest = loaded.Manifest;
        output.WriteLine(string.Join(' ', manifest.Cuts.Select(c => $"{c.K}:{c.Type}:{c.Bytes}")));
        // int8 pairs have become uint8 ones.
        string type = name.Contains("int16") ? "int16" : name == "qlinear int8" ? "int8" : "uint8";
        Assert.InRange(manifest.Units.Count, 3, 10);
        foreach (CutInfo cut in manifest.Cuts.Skip(1).SkipLast(1))
        {
            // Behind the last integer, where the mean over all pixels is taken, floats cross.
            if (name.StartsWith("qlinear", StringComparison.Ordinal) && cut.K == manifest.LocalCut - 1) continue;
            Assert.Equal(type, cut.Type);
            Assert.Equal(manifest.Units[cut.K - 1].OutShape.Aggregate(1L, (a, b) => a * b) * cut.ElementBytes, cut.Bytes);
            Assert.Equal(cut.Bytes, manifest.Units[cut.K - 1].OutBytes);
            Assert.Equal(cut.Bytes, PayloadSize.Of(manifest, cut.K, TensorEncoding.Quantised));
            Assert.All([TensorEncoding.Float32, TensorEncoding.Float16, TensorEncoding.Int8],
                codec => Assert.Equal((-1, cut.Bytes), (PayloadSize.Of(manifest, cut.K, codec), PayloadSize.Sent(manifest, cut.K, codec))));
        }
        Assert.Equal(CutInfo.Float, manifest.Cuts[0].Type);
        using ModelPackage again = ModelPackage.Open(loaded.Folder);
        Assert.Equal(manifest.Cuts, again.Manifest.Cuts);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_EveryCutInProcess_GivesTheBitsOfTheUncutNetwork(string name)
    {
        using var loaded = Load(name);
        int local = loaded.Manifest.LocalCut;
        foreach (bool fused in (bool[])[false, true])
        {
            using BranchedModel model = BranchedModel.Load(loaded.Folder, new BackendOptions { Fuse = fused });
            using var slot = new InferenceSlot(model);
            float[] never = new float[model.Manifest.SideExits];
            for (int round = 0; round < (fused ? 2 : 1); round++)
            {
                for (int seed = 0; seed < Inputs; seed++)
                {
                    float[] input = loaded.Input(seed);
                    float[][] expected = loaded.Reference(input);
                    for (int cut = 0; cut <= local; cut++)
                    {
                        slot.Load(input);
                        slot.Run(0, cut, never);
                        if (cut < local) slot.Run(cut, local, never);
                        Same(expected[^1], Logits(slot, model), $"{name}, cut {cut}, fused {fused}, seed {seed}");
                    }
                    // Tried on the way, and not taken.
                    slot.Load(input);
                    slot.Run(0, local, [.. never.Select(_ => 1e-6f)]);
                    Same(expected[^1], Logits(slot, model), $"{name}, exits tried, fused {fused}, seed {seed}");
                    for (int exit = 1; exit <= never.Length; exit++)
                    {
                        float[] thresholds = [.. never];
                        thresholds[exit - 1] = 1f;
                        slot.Load(input);
                        slot.Run(0, local, thresholds);
                        Assert.Equal(exit, (int)slot.Result.ExitIndex);
                        Same(expected[exit - 1], Logits(slot, model), $"{name}, exit {exit}, fused {fused}, seed {seed}");
                    }
                }
                Assert.True(model.WaitForFusion(TimeSpan.FromMinutes(2)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_EveryCutThroughATail_GivesTheBitsAndSendsTheIntegers(string name)
    {
        using var loaded = Load(name);
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        foreach (TensorEncoding codec in (TensorEncoding[])[TensorEncoding.Float32, TensorEncoding.Float16, TensorEncoding.Int8])
        {
            using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
            {
                Tail = new TailClientOptions { Host = "127.0.0.1", Port = server.EndPoint.Port },
                ConnectWait = TimeSpan.FromSeconds(20),
                DeadlineMs = 20_000,
                Codec = codec,
            });
            var logits = new float[loaded.Manifest.Classes];
            for (int cut = 1; cut < loaded.Manifest.LocalCut; cut++)
            {
                if (!loaded.Manifest.Cuts[cut].IsQuantised && codec != TensorEncoding.Float32) continue;
                session.Policy = loaded.Policy(0f, cut);
                for (int seed = 0; seed < Inputs; seed++)
                {
                    float[] input = loaded.Input(seed);
                    TaskResult result = session.Run(input, logits);
                    Assert.True(result.Offloaded && !result.Fallback, $"{name}, cut {cut}: {result}");
                    Assert.InRange(result.BytesSent - loaded.Manifest.Cuts[cut].Bytes, 1, 256);
                    Same(loaded.Reference(input)[^1], logits, $"{name}, cut {cut}, {codec}, seed {seed}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Prepare_AgainstTheFileWithoutOptimisation_DiffersByAStepAtMost(string name)
    {
        using var loaded = Load(name);
        byte[] file = QuantisedGraphs.All[name]().Bytes;
        using var runs = new UnoptimisedRuns(file);
        int changed = 0, differs = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            float[] input = loaded.Input(seed), expected = runs.Run(input)[^1], actual = loaded.Reference(input)[^1];
            if (Array.IndexOf(expected, expected.Max()) != Array.IndexOf(actual, actual.Max())) changed++;
            // A step of the last quantised tensor moves scores by far less than a tenth of the largest; float rounding by far less than this.
            float most = expected.Zip(actual, (a, b) => MathF.Abs(a - b)).Max();
            if (most > 1e-5f) differs++;
            Assert.True(most < 0.1f * expected.Max(MathF.Abs), $"{name}, seed {seed}: differs by {most}");
        }
        output.WriteLine($"{name}: {differs} of 100 differ, {changed} classes");
        Assert.InRange(differs, 0, 5);
        Assert.Equal(0, changed);
    }

    [Theory]
    [InlineData("qdq uint8", 1)]
    [InlineData("qlinear int8", 2)]
    public void ApplyCodec_ThatLosesSomething_LeavesIntegersInRange(string name, int cut)
    {
        using var loaded = Load(name);
        using ModelPackage package = ModelPackage.Open(loaded.Folder);
        package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 3, cut)]);
        using BranchedModel model = BranchedModel.Load(package);
        using var slot = new InferenceSlot(model);
        (float low, float high) = name.Contains("uint8") ? (0, 255) : (-128, 127);
        foreach (TensorEncoding encoding in (TensorEncoding[])[TensorEncoding.Float16, TensorEncoding.Int8, TensorEncoding.Bottleneck])
        {
            slot.Load(loaded.Input(1));
            slot.Run(0, cut, new float[model.Manifest.SideExits]);
            Span<float> tensor = slot.Workspace.Boundary(cut).Floats;
            float[] before = tensor.ToArray();
            slot.ApplyCodec(new ExitPolicy(new float[model.Manifest.SideExits], cut, bottleneck: encoding == TensorEncoding.Bottleneck ? 1 : 0), encoding);
            float[] after = tensor.ToArray();
            Assert.All(after, value => Assert.True(value == MathF.Round(value) && value >= low && value <= high, $"{encoding} left {value}"));
            if (encoding == TensorEncoding.Float16) Assert.Equal(before, after);
        }
    }

    [Theory]
    [InlineData("qdq uint8")]
    [InlineData("qdq int8")]
    [InlineData("qdq int8, symmetric")] // as TensorRT takes it
    public void PairedRange_EveryUnit_TakesAndGivesTheSame(string name)
    {
        using var loaded = Load(name);
        ModelPackage package = loaded.Model.Package;
        using var runs = new NativeRuns();
        int units = loaded.Manifest.Units.Count;
        float[] plain = loaded.Input(6), paired = plain;
        for (int unit = 1; unit <= units; unit++)
        {
            RangeModel range = package.BuildRange(unit, unit, exitHead: null, emitBoundary: unit < units, inlineWeights: true);
            RangeModel other = PairedRange.Of(range);
            GraphProto graph = ModelProto.Parser.ParseFrom(other.Onnx).Graph;
            Assert.DoesNotContain(graph.Node, n => n.OpType == "Cast");
            if (name.Contains("symmetric")) Assert.DoesNotContain(graph.Initializer, w => w.DataType == ElementType.UInt8);
            plain = runs.Run(range.Onnx, null, plain)[0];
            paired = runs.Run(other.Onnx, null, paired)[0];
            Assert.Equal(plain, unit < units ? [.. paired.Select(x => MathF.Round(x))] : paired);
        }
    }

    [Fact]
    public void Run_StandbyExit_AnswersAndFinishesFromTheIntegers()
    {
        using var loaded = Load("qdq uint8");
        using RawTail silent = ModelTail.Silent(loaded.Model);
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(silent.Port),
            ConnectWait = TimeSpan.FromSeconds(20),
            DeadlineMs = 300,
            Policy = loaded.Policy(0f, 1).WithStandby(2),
        });
        float[] input = loaded.Input(4), logits = new float[loaded.Manifest.Classes];
        TaskResult result = session.Run(input, logits);
        Assert.True(result.Standby && result.BytesSent > 0);
        Same(loaded.Reference(input)[1], logits, "standby exit 2");
    }

    [Fact]
    public void Tail_FloatsAtACutOfIntegers_AreRefused()
    {
        using var loaded = Load("qdq uint8");
        using var tail = new DetachedTail(new ModelTailExecutor(loaded.Model));
        var random = new Random(8);
        int elements = loaded.Manifest.BoundaryElements(1), refused = 0, answered = 0;
        for (int i = 0; i < 400; i++)
        {
            var encoding = (TensorEncoding)random.Next(0, 9);
            int bytes = random.Next(4) switch { 0 => elements, 1 => 4 * elements, 2 => random.Next(0, 2 * elements), _ => elements - 1 };
            byte[] request = Frames.Make(FrameKind.Request, new RequestHeader
            {
                TaskId = 5,
                Encoding = encoding,
                DeadlineMs = 10_000,
                Policy = loaded.Policy(0f, 1),
            }.Write, Frames.Payload(i, bytes));
            var transport = new ScriptTransport([Frames.Make(FrameKind.Hello, new HelloHeader(loaded.Manifest.Hash, HelloHeader.EveryEncoding).Write), request]);
            using var connection = tail.Connect(transport);
            DetachedTail.Run(connection);
            if (connection.Fault is null) answered++;
            else refused++;
            Assert.Equal(encoding == TensorEncoding.Quantised && bytes == elements, connection.Fault is null);
        }
        output.WriteLine($"seed 8: {answered} answered, {refused} refused");
        Assert.True(answered > 0 && refused > 300);
    }

    [Theory]
    [InlineData("uint8", 0f, 255f, 1)]
    [InlineData("int8", -128f, 127f, 1)]
    [InlineData("uint16", 0f, 65535f, 2)]
    [InlineData("int16", -32768f, 32767f, 2)]
    public void QuantisedCodec_EveryInteger_ComesBack(string type, float low, float high, int width)
    {
        var cut = new CutInfo(1, 0, true, "t", type);
        float[] tensor = [.. Enumerable.Range((int)low, (int)(high - low) + 1).Select(i => (float)i)], back = new float[tensor.Length];
        byte[] payload = new byte[tensor.Length * width];
        QuantisedCodec.Encode(cut, tensor, payload);
        QuantisedCodec.Decode(cut, payload, back);
        Assert.Equal(tensor, back);
        Assert.Throws<ArgumentException>(() => QuantisedCodec.Decode(cut, payload.AsSpan(1), back));
        Assert.Throws<ArgumentException>(() => QuantisedCodec.Encode(cut with { Type = "float32" }, tensor, payload));

        float[] wild = [low - 1, high + 1, 1.4f, 1.6f, float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        QuantisedCodec.RoundToLevels(cut, wild);
        Assert.Equal([low, high, 1, 2, 0, high, low], wild);
    }

    [Theory]
    [InlineData("qdq int8")]
    [InlineData("qlinear uint8")]
    public void Backbone_QuantisedNetwork_HeadsReadNumbersNotIntegers(string name)
    {
        using var folder = new TemporaryFolder();
        Backbone backbone = Backbone.Load(folder.Write("m.onnx", QuantisedGraphs.All[name]().Bytes), "logits", new PrepareOptions(), new NativeGraphRunner());
        int unit = backbone.Manifest.Units.First(u => u.OutShape.Count == 3).Index;
        var plan = new HeadPlan(unit, backbone.Manifest.Cuts[unit].Tensor, (1, 1), [backbone.Manifest.Units[unit - 1].OutShape[0], 7]);
        (RangeModel model, int width) = backbone.FeatureModel([plan]);
        using var runs = new NativeRuns();
        var random = new Random(5);
        float[] row = runs.Run(model.Onnx, null, [.. Enumerable.Range(0, backbone.Manifest.Input.Elements).Select(_ => random.NextSingle())])[0];
        Assert.Equal(width, row.Length);
        Assert.All(row.Take(plan.Features), value => Assert.InRange(value, 0f, 6f)); // up to 255 steps of 0.02
        Assert.Contains(row.Take(plan.Features), value => value != MathF.Round(value));
    }

    static LoadedGraph Load(string name) => new(QuantisedGraphs.All[name]().Bytes);

    static float[] Logits(InferenceSlot slot, BranchedModel model)
    {
        var logits = new float[model.Manifest.Classes];
        slot.CopyLogits(logits);
        return logits;
    }

    static void Same(float[] expected, float[] actual, string what)
    {
        for (int i = 0; i < expected.Length; i++)
            Assert.True(expected[i] == actual[i], $"{what}: score {i} is {actual[i]:r}, uncut {expected[i]:r}");
    }

    /// <summary>The file as it is, in the engine without optimisation.</summary>
    sealed unsafe class UnoptimisedRuns : IDisposable
    {
        readonly ContextHandle _context;
        readonly EngineHandle _engine;

        internal UnoptimisedRuns(byte[] onnx)
        {
            NativeLibraryLoader.EnsureLoaded();
            NativeError.Check(NativeMethods.ContextCreate(out _context, new ContextDescNative()));
            fixed (byte* model = onnx)
            {
                using var none = new WeightsHandle();
                var desc = new EngineDescNative { Optimization = NativeOptimization.None, Model = model, ModelBytes = (ulong)onnx.Length };
                NativeError.Check(NativeMethods.EngineCreate(out _engine, _context, none, desc));
            }
        }

        internal float[][] Run(float[] input) => NativeRuns.Run(_engine, input);

        public void Dispose()
        {
            _engine.Dispose();
            _context.Dispose();
        }
    }
}
