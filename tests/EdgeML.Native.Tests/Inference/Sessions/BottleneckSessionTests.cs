using System.Net;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Cut tensors that travel by a bottleneck of the package.</summary>
public sealed class BottleneckSessionTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    static EdgeSessionOptions To(TailServer server) => new()
    {
        Tail = new TailClientOptions { Host = server.EndPoint.Address.ToString(), Port = server.EndPoint.Port },
        ConnectWait = TimeSpan.FromSeconds(20),
        DeadlineMs = 20_000,
    };

    /// <summary>A package with bottlenecks of these seeds, loaded; one folder a call.</summary>
    BranchedModel Load(string name, params int[] seeds)
    {
        File.WriteAllBytes(_folder["test.onnx"], Graphs.All["chain"]().Bytes);
        ModelPreparation.Prepare(_folder["test.onnx"], _folder[name]);
        using (ModelPackage package = ModelPackage.Open(_folder[name]))
            package.SaveBottlenecks([.. seeds.Select(seed => TestBottlenecks.Make(package.Manifest, seed))]);
        return BranchedModel.Load(_folder[name]);
    }

    static float[] Input(BranchedModel model, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, model.Manifest.Input.Elements).Select(_ => (float)random.NextDouble())];
    }

    static ExitPolicy Policy(BranchedModel model, int bottleneck) =>
        new(new float[model.Manifest.SideExits], TestBottlenecks.CutOf(model.Manifest), bottleneck: bottleneck);

    /// <summary>The network behind the cut on what encoder and decoder leave of the tensor, computed by hand.</summary>
    static float[] Offline(BranchedModel model, float[] input, int bottleneck)
    {
        using var slot = new InferenceSlot(model);
        ExitPolicy policy = Policy(model, bottleneck);
        slot.Load(input);
        slot.Run(0, policy.Cut, policy.Thresholds);
        if (bottleneck > 0)
        {
            LinearBottleneck map = model.Bottlenecks.Map(bottleneck);
            byte[] payload = new byte[map.PayloadBytes];
            map.Encode(slot.Workspace.Boundary(policy.Cut).Floats, payload);
            map.Decode(payload, slot.Workspace.Boundary(policy.Cut).Floats);
        }
        slot.Run(policy.Cut, model.Manifest.LocalCut, policy.Thresholds);
        var logits = new float[model.Manifest.Classes];
        slot.CopyLogits(logits);
        return logits;
    }

    [Fact]
    public void Run_ThroughATail_GivesTheOfflineLogits()
    {
        using BranchedModel model = Load("package", 1, 2);
        using var server = new TailServer(new ModelTailExecutor(model), new TailServerOptions());
        using var session = new EdgeSession(model, To(server));
        float[] plain = Offline(model, Input(model, 5), 0);
        var logits = new float[model.Manifest.Classes];
        for (int number = 1; number <= 2; number++)
        {
            session.Policy = Policy(model, number);
            for (int seed = 5; seed < 8; seed++)
            {
                float[] input = Input(model, seed);
                TaskResult result = session.Run(input, logits);
                Assert.True(result.Offloaded && !result.Fallback);
                Assert.Equal(number, result.Policy.Bottleneck);
                Assert.InRange(result.BytesSent - model.Bottlenecks.Items[number - 1].PayloadBytes, 1, CostModel.FrameBytes);
                LoadedGraph.AssertClose(Offline(model, input, number), logits, $"bottleneck {number}, seed {seed}");
            }
        }
        Assert.NotEqual(plain, Offline(model, Input(model, 5), 1));
    }

    [Fact]
    public void Run_WhoeverFinishes_AnswersTheSame()
    {
        using BranchedModel model = Load("package", 3);
        IPEndPoint nowhere;
        using (var server = new TailServer(new ModelTailExecutor(model), new TailServerOptions())) nowhere = server.EndPoint;
        float[] input = Input(model, 9), expected = Offline(model, input, 1);
        var logits = new float[model.Manifest.Classes];
        using var here = new EdgeSession(model, new EdgeSessionOptions { Policy = Policy(model, 1) });
        here.Run(input, logits);
        LoadedGraph.AssertClose(expected, logits, "both halves here");
        var options = new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = nowhere.Address.ToString(), Port = nowhere.Port },
            ConnectWait = TimeSpan.Zero,
            Policy = Policy(model, 1),
        };
        using var alone = new EdgeSession(model, options);
        Assert.True(alone.Run(input, logits).Fallback);
        LoadedGraph.AssertClose(expected, logits, "fallback");
    }

    [Theory]
    [InlineData]
    [InlineData(77)]
    [InlineData(1, 77)]
    public void Run_TailHoldsOthersOrNone_SendsTheSessionsCodec(params int[] theirs)
    {
        using BranchedModel model = Load("edge", 1), other = Load("tail", theirs);
        using var server = new TailServer(new ModelTailExecutor(other), new TailServerOptions());
        using var session = new EdgeSession(model, To(server) with { Policy = Policy(model, 1) });
        float[] input = Input(model, 4);
        var logits = new float[model.Manifest.Classes];
        TaskResult result = session.Run(input, logits);
        Assert.True(result.Offloaded);
        Assert.Equal(0, result.Policy.Bottleneck);
        LoadedGraph.AssertClose(Offline(model, input, 0), logits, "the session's codec");
    }

    [Fact]
    public void Run_UnderThePlanner_UsesABottleneckWhereTheLinkIsSlow()
    {
        using BranchedModel model = Load("package", 1);
        using var server = new TailServer(new ModelTailExecutor(model, DeviceProfiler.Measure(model, "tail", runs: 3)),
            new TailServerOptions());
        ExitPolicy chosen = default, without = default;
        using var session = new EdgeSession(model, To(server) with
        {
            CreateController = context =>
            {
                Assert.True(context.Model.UsesBottlenecks);
                // The edge is far too slow behind the cut, and so is the link.
                PlanningConditions conditions = PlanningConditions.From(new LinkSnapshot
                {
                    Up = true,
                    RateBitsPerSecond = 10_000,
                    RttMs = 1
                });
                CutBottleneck item = model.Bottlenecks.Items[0];
                double boundMs = 8 * (item.PayloadBytes + CostModel.FrameBytes) / 10.0 * 1.5;
                var planner = new Planner(context.Model) { AllowLocal = false };
                chosen = planner.Policy(planner.Find(conditions, new Requirements(boundMs, double.PositiveInfinity)), 1);
                context.Model.UsesBottlenecks = false;
                without = planner.Policy(planner.Find(conditions, new Requirements(boundMs, double.PositiveInfinity)), 1);
                context.Model.UsesBottlenecks = true;
                return PolicyControllers.Create(PolicyControllers.Planner, context);
            },
        });
        Assert.Equal((TestBottlenecks.CutOf(model.Manifest), 1), (chosen.Cut, chosen.Bottleneck));
        Assert.Equal(0, without.Bottleneck);
    }

    [Theory]
    [InlineData(2, 0, "bottleneck 2 does not exist at cut")]
    [InlineData(1, 1, "bottleneck 1 does not exist at cut")]
    public void Policy_BottleneckThatIsNotThere_IsRefused(int number, int further, string text)
    {
        using BranchedModel model = Load("package", 1);
        using var session = new EdgeSession(model);
        var policy = new ExitPolicy(new float[model.Manifest.SideExits], TestBottlenecks.CutOf(model.Manifest) + further,
            bottleneck: number);
        Assert.Contains(text, Assert.Throws<ArgumentException>(() => session.Policy = policy).Message);
    }

    public void Dispose() => _folder.Dispose();
}
