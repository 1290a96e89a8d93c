using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Models;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Every network, plug-in, route and place to cut, on doubles of TensorRT and the driver that compute with ONNX Runtime: for the
/// same segments the bits are the CPU backend's, and a task allocates no managed memory. Each test prints its part of the table of
/// docs/reference/tensorrt.md, which <c>build/check-tensorrt-doubles.sh</c> puts together.</summary>
[Collection(nameof(TensorRtDoubles))]
public sealed class TensorRtMatrixTests(ITestOutputHelper output, TensorRtReferences references) : IClassFixture<TensorRtReferences>
{
    static readonly ChainRoute[] s_routes = [ChainRoute.Device, ChainRoute.Stages, ChainRoute.Streams];

    [Theory]
    [InlineData("plain")]
    [InlineData("10")]
    [InlineData("11")]
    public void Run_ShippedModel_IsTheCpusAtEveryCutOnEveryRoute(string plugin) =>
        Compare("shapes-vgg", TensorRtDoubles.ShippedModel(), plugin, inputs: 3);

    [Theory]
    [InlineData("10")]
    [InlineData("11")]
    public void Run_Vgg16_IsTheCpusAtEveryCutOnEveryRoute(string plugin) =>
        Compare("vgg16-cifar10", SharedData.Require("models/vgg16-cifar10-branched.onnx"), plugin, inputs: 1);

    void Compare(string name, string file, string plugin, int inputs)
    {
        using var folder = new TemporaryFolder();
        BackendOptions options = TensorRtDoubles.Require(plugin, ChainRoute.Best, folder["engines"]);
        TensorRtReference reference = references.Of(file);
        LoadedGraph graph = reference.Graph;
        var rows = graph.Manifest.Cuts.Where(cut => cut.Candidate || cut.K == graph.Manifest.LocalCut)
            .ToDictionary(cut => cut.K, cut => new TensorRtMatrixRow(cut.K));
        foreach (ChainRoute route in s_routes)
        {
            using var device = BranchedModel.Load(graph.Folder, options with { Route = route });
            Assert.Equal(graph.Model.EngineUnits, device.EngineUnits);
            foreach ((int cut, TensorRtMatrixRow row) in rows)
            {
                foreach (int seed in Enumerable.Range(1, inputs))
                    foreach (int vector in Enumerable.Range(0, reference.Vectors.Count))
                        row.Add(Answers(device, reference, seed, vector, cut, route));
                row.Allocated(route, AllocatedBy(device, reference, cut));
            }
        }
        foreach (TensorRtMatrixRow row in rows.Values) output.WriteLine($"| {name} | {plugin} {row}");
        foreach (TensorRtMatrixRow row in rows.Values) row.Check();
    }

    static TensorRtAnswers Answers(BranchedModel device, TensorRtReference reference, int seed, int vector, int cut, ChainRoute route) =>
        new($"route {route}, cut {cut}, input {seed}, thresholds {string.Join(' ', reference.Vectors[vector])}", route,
            TensorRtAnswer.Ask(device, reference.Graph.Input(seed), reference.Vectors[vector], cut),
            reference.Same(seed, vector, cut), reference.UnitLogits(seed, vector));

    // A whole task of a session for every thresholds: the device up to the cut, and, no tail being there, from the tensor at the cut to the end.
    static long AllocatedBy(BranchedModel device, TensorRtReference reference, int cut)
    {
        ExitPolicy[] policies = [.. reference.Vectors.Select(vector => new ExitPolicy(vector, cut))];
        using var session = new EdgeSession(device, new EdgeSessionOptions { Policy = policies[0] });
        float[] input = reference.Graph.Input(1);
        var logits = new float[reference.Graph.Manifest.Classes];
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Run();
        return GC.GetAllocatedBytesForCurrentThread() - allocated;

        void Run()
        {
            foreach (ExitPolicy policy in policies)
            {
                session.Policy = policy;
                session.Run(input, logits);
            }
        }
    }
}
