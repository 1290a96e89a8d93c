using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Bottlenecks;
using EdgeML.Native.Lab.Data;
using EdgeML.Native.Lab.Diagnostics;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Tests.Bottlenecks;

public sealed class BottleneckTrainingTests : IDisposable
{
    const int Cut = 9, Seed = 17;
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-training-");
    readonly BranchedModel _model;
    readonly ImageSource _source;

    public BottleneckTrainingTests()
    {
        string package = Path.Combine(_folder.FullName, "package");
        ModelPackage.Prepare(ProjectFolders.ShippedModel!, package);
        _model = BranchedModel.Load(package, new BackendOptions { Fuse = false });
        _source = DataSpec.Parse($"shapes:seed={Seed},difficulty=mixed").Open(_model.Manifest.Input.Shape);
    }

    TrainingSamples Samples(int count) => TrainingSamples.Record(_model, new SampleReader(_source), Cut, count, default);

    [Fact]
    public void Run_TailOfTheShippedModel_SlopesAreThoseOfFiniteDifferences()
    {
        using TailGradient tail = TailGradient.Of(_model.Package, Cut)!;
        float[] tensor = Samples(1).Tensors[0];
        float[] target = [.. Enumerable.Range(0, _model.Manifest.Classes).Select(i => i == 3 ? 1f : 0f)];
        var slope = new float[tensor.Length];
        tail.Run(tensor, target, slope);
        var unused = new float[tensor.Length];
        var random = new Random(Seed);
        int near = 0;
        for (int probe = 0; probe < 40; probe++)
        {
            int at = random.Next(tensor.Length);
            float step = 0.01f, kept = tensor[at];
            tensor[at] = kept + step;
            double above = tail.Run(tensor, target, unused);
            tensor[at] = kept - step;
            double below = tail.Run(tensor, target, unused);
            tensor[at] = kept;
            if (Math.Abs(((above - below) / (2 * step)) - slope[at]) <= 2e-3 + (0.05 * Math.Abs(slope[at]))) near++;
        }
        // A step over the edge of a ReLU or of a maximum has two slopes.
        Assert.InRange(near, 36, 40);
        Assert.Contains(slope, each => Math.Abs(each) > 1e-3);
    }

    [Fact]
    public void Train_TightBottleneck_AnswersMoreLikeTheNetwork()
    {
        using TailGradient tail = TailGradient.Of(_model.Package, Cut)!;
        TrainingSamples samples = Samples(96);
        CutStatistics statistics = CutStatistics.Measure(_model, new SampleReader(_source), Cut, 96, probes: 0, default);
        LinearBottleneck start = new BottleneckFit(statistics).OfAtMost(statistics.Patches.Elements / 40);
        int seen = 0;
        LinearBottleneck trained = BottleneckTraining.Train(start, tail, samples, epochs: 6, Seed, () => seen++, default);
        Assert.Equal(6 * 84, seen);
        Assert.Equal(start.PayloadBytes, trained.PayloadBytes);
        double before = Loss(start), after = Loss(trained);
        Assert.True(after < before, $"{before} before, {after} after, seed {Seed}");

        double Loss(LinearBottleneck map)
        {
            byte[] payload = new byte[map.PayloadBytes];
            float[] tensor = new float[map.Patches.Elements], unused = new float[map.Patches.Elements];
            double sum = 0;
            for (int i = 0; i < samples.Tensors.Count; i++)
            {
                map.Encode(samples.Tensors[i], payload);
                map.Decode(payload, tensor);
                sum += tail.Run(tensor, samples.Targets[i], unused);
            }
            return sum / samples.Tensors.Count;
        }
    }

    public void Dispose()
    {
        _source.Dispose();
        _model.Dispose();
        _folder.Delete(recursive: true);
    }
}
