using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Targets;

/// <summary>How far the logits of any cut are from those of the whole network in one session.</summary>
static class EquivalenceTarget
{
    public const string Name = "equivalence";

    const double LargestDifference = 1e-4;
    const int Inputs = 4;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        if (models.Vgg16 is { } vgg16) yield return InProcess(vgg16);
        else yield return TargetRow.Skipped("logits of every cut, VGG16", BenchmarkModels.NoVgg16);
        yield return InProcess(models.Shipped);
        using var tail = new TailProcess(models.Shipped);
        yield return Row("through a tail process, fp32", models.Shipped, new BackendOptions(), tail.Client, inputs: Inputs);
    }

    static TargetRow InProcess(string package) => Row("in process", package, new BackendOptions { Fuse = false }, tail: null, Inputs);

    static TargetRow Row(string how, string package, BackendOptions backend, TailClientOptions? tail, int inputs)
    {
        using var reference = new NetworkSubject(package);
        using var model = BranchedModel.Load(package, backend);
        var options = new EdgeSessionOptions { Tail = tail, DeadlineMs = 10_000, ConnectWait = TimeSpan.FromSeconds(10) };
        using var session = new EdgeSession(model, options);
        ModelManifest manifest = model.Manifest;
        var logits = new float[manifest.Classes];
        double largest = 0;
        int worstCut = 0, fallbacks = 0;
        for (int seed = 1; seed <= inputs; seed++)
        {
            float[] input = reference.Noise(seed);
            reference.Load(input);
            reference.RunWhole();
            Compare(reference.PlanRun(), reference.WholeLogits, manifest.LocalCut);
            for (int cut = 0; cut <= manifest.LocalCut; cut++)
            {
                session.Policy = new ExitPolicy(new float[manifest.SideExits], cut);
                if (session.Run(input, logits).Fallback) fallbacks++;
                Compare(logits, reference.WholeLogits, cut);
            }
        }
        return TargetRow.AtMost(
            $"logits of every cut ({manifest.Cuts.Count}) against one session, {manifest.Name}, {how}",
            fallbacks == 0 ? largest : double.NaN, LargestDifference,
            $"{largest:0.0e+0} at cut {worstCut} ({inputs} inputs{(fallbacks > 0 ? $", {fallbacks} fallbacks" : "")})",
            $"<= {LargestDifference:0e+0}");

        void Compare(ReadOnlySpan<float> made, ReadOnlySpan<float> expected, int cut)
        {
            for (int i = 0; i < made.Length; i++)
            {
                double difference = Math.Abs(made[i] - expected[i]);
                if (!(difference > largest)) continue;
                (largest, worstCut) = (difference, cut);
            }
        }
    }
}
