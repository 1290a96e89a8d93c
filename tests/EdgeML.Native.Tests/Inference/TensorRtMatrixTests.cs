using EdgeML.Native.Inference;
using EdgeML.Native.Tests.Models;
using Xunit.Abstractions;

namespace EdgeML.Native.Tests.Inference;

/// <summary>Every network, plug-in, route and place to cut, on doubles of TensorRT and the driver that compute with ONNX Runtime: for the
/// same segments the bits are the CPU backend's, and a task allocates no managed memory. Each test prints its part of the table of
/// docs/tensorrt.md, which <c>build/check-tensorrt-doubles.sh</c> puts together.</summary>
public sealed class TensorRtMatrixTests(ITestOutputHelper output)
{
    static readonly ChainRoute[] s_routes = [ChainRoute.Device, ChainRoute.Stages, ChainRoute.Streams];

    [SkippableTheory]
    [InlineData(10)]
    [InlineData(11)]
    public void Run_ShippedModel_IsTheCpusAtEveryCutOnEveryRoute(int major) =>
        Compare("shapes-vgg", TensorRtDoubles.ShippedModel(), major, inputs: 3, tasks: 60);

    [SkippableTheory]
    [InlineData(10)]
    [InlineData(11)]
    public void Run_Vgg16_IsTheCpusAtEveryCutOnEveryRoute(int major) =>
        Compare("vgg16-cifar10", SharedData.Require("models/vgg16-cifar10-branched.onnx"), major, inputs: 1, tasks: 10);

    void Compare(string name, string file, int major, int inputs, int tasks)
    {
        using var folder = new TemporaryFolder();
        using var same = new LoadedGraph(File.ReadAllBytes(file), new BackendOptions { Fuse = false, Stretches = true });
        using var units = BranchedModel.Load(same.Folder, new BackendOptions { Fuse = false });
        var rows = same.Manifest.Cuts.Where(cut => cut.Candidate || cut.K == same.Manifest.LocalCut)
            .ToDictionary(cut => cut.K, cut => new TensorRtMatrixRow(cut.K));
        float[][] thresholds = Thresholds(same.Manifest.SideExits);
        foreach (ChainRoute route in s_routes)
        {
            using var device = BranchedModel.Load(same.Folder, TensorRtDoubles.Require(major, route, folder["engines"]));
            Assert.Equal(same.Model.EngineUnits, device.EngineUnits);
            foreach ((int cut, TensorRtMatrixRow row) in rows)
            {
                foreach (int seed in Enumerable.Range(1, inputs))
                    foreach (float[] vector in thresholds) row.Add(Answers(device, same, units, seed, vector, cut, route));
                row.Allocated(route, AllocatedBy(device, same, cut, tasks, thresholds));
            }
        }
        foreach (TensorRtMatrixRow row in rows.Values) output.WriteLine($"| {name} | {major} {row}");
        foreach (TensorRtMatrixRow row in rows.Values) row.Check();
    }

    // All exits tried in vain, all tried, none tried, and each taken in turn.
    static float[][] Thresholds(int exits)
    {
        var vectors = new List<float[]> { Same(float.Epsilon), Same(0.9f), Same(0f) };
        for (int exit = 0; exit < exits; exit++)
        {
            var alone = new float[exits];
            alone[exit] = 1f;
            vectors.Add(alone);
        }
        return [.. vectors];

        float[] Same(float threshold) => [.. Enumerable.Repeat(threshold, exits)];
    }

    static TensorRtAnswers Answers(BranchedModel device, LoadedGraph same, BranchedModel units, int seed, float[] thresholds, int cut,
        ChainRoute route) =>
        new($"route {route}, cut {cut}, input {seed}, thresholds {string.Join(' ', thresholds)}", route,
            TensorRtAnswer.Ask(device, same.Input(seed), thresholds, cut),
            TensorRtAnswer.Ask(same.Model, same.Input(seed), thresholds, cut),
            TensorRtAnswer.Ask(units, same.Input(seed), thresholds, cut));

    // Whole tasks of a session: the device up to the cut, and, no tail being there, from the tensor at the cut to the end.
    static long AllocatedBy(BranchedModel device, LoadedGraph graph, int cut, int tasks, float[][] thresholds)
    {
        ExitPolicy[] policies = [.. thresholds.Select(vector => new ExitPolicy(vector, cut))];
        using var session = new EdgeSession(device, new EdgeSessionOptions { Policy = policies[0] });
        float[] input = graph.Input(1);
        var logits = new float[graph.Manifest.Classes];
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Run();
        return GC.GetAllocatedBytesForCurrentThread() - allocated;

        void Run()
        {
            for (int task = 0; task < tasks; task++)
            {
                session.Policy = policies[task % policies.Length];
                session.Run(input, logits);
            }
        }
    }
}
