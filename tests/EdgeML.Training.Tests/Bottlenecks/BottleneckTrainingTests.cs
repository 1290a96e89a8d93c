using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Preparation;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Data;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Tests.Bottlenecks;

public sealed class BottleneckTrainingTests : IDisposable
{
    const int Cut = 9, Seed = 17;
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-training-");
    readonly BranchedModel _model;
    readonly ImageSource _source;

    public BottleneckTrainingTests()
    {
        string package = Path.Combine(_folder.FullName, "package");
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, package);
        _model = BranchedModel.Load(package, new BackendOptions { Fuse = false });
        _source = DataSpec.Parse($"shapes:seed={Seed},difficulty=mixed").Open(_model.Manifest.Input.Shape);
    }

    CutSamples Samples(int count) => CutSamples.Record(_model, new SampleReader(_source), Cut, count, default);

    CutStatistics Statistics(CutSamples samples) => CutStatistics.Of(samples, _model.Manifest.Units[Cut - 1].OutShape, Seed);

    [Fact]
    public void Run_TailOfTheShippedModel_GradientsAreThoseOfFiniteDifferences()
    {
        using TailGradient tail = TailGradient.Of(_model.Package, Cut)!;
        float[] tensor = Samples(1).Tensors[0];
        float[] target = [.. Enumerable.Range(0, _model.Manifest.Classes).Select(i => i == 3 ? 1f : 0f)];
        var gradient = new float[tensor.Length];
        tail.Run(tensor, target, gradient);
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
            if (Math.Abs(((above - below) / (2 * step)) - gradient[at]) <= 2e-3 + (0.05 * Math.Abs(gradient[at]))) near++;
        }
        // A step over the edge of a ReLU or of a maximum has two gradients.
        Assert.InRange(near, 36, 40);
        Assert.Contains(gradient, each => Math.Abs(each) > 1e-3);
    }

    [Fact]
    public void Train_TightBottleneck_AnswersMoreLikeTheNetwork()
    {
        using TailGradient tail = TailGradient.Of(_model.Package, Cut)!;
        CutSamples samples = Samples(96);
        CutStatistics statistics = Statistics(samples);
        LinearBottleneck start = new BottleneckFit(statistics).OfAtMost(statistics.Patches.Elements / 40);
        int seen = 0;
        LinearBottleneck trained = BottleneckTraining.Train(start, tail, samples, epochs: 6, Seed, () => seen++, default);
        Assert.Equal(6 * 84, seen);
        Assert.Equal(start.PayloadBytes, trained.PayloadBytes);
        using var network = new CutTail(_model, Cut);
        double before = network.Loss(start, samples), after = network.Loss(trained, samples);
        Assert.True(after < before, $"{before} before, {after} after, seed {Seed}");
    }

    [Fact]
    public void Gradients_DirectionsOfTheMetric_CostWhatItSays()
    {
        using TailGradient tail = TailGradient.Of(_model.Package, Cut)!;
        CutSamples samples = Samples(40);
        TensorPatches patches = Statistics(samples).Patches;
        double[] metric = ScoreGradients.Metric(tail, samples, patches, count: 40, Seed, default);
        (double[] values, double[] vectors) = SymmetricEigen.Of(metric, patches.Rows);
        Assert.True(values[^1] > -1e-3 * values[0], $"{values[^1]} of {values[0]}");
        using var network = new CutTail(_model, Cut);
        double most = Cost(0), least = Cost(patches.Rows - 1);
        Assert.True(most > 3 * least, $"{most} along the first direction, {least} along the last, seed {Seed}");

        // What an error of one size along a direction, at one patch, makes of the answers.
        double Cost(int direction)
        {
            double sum = 0;
            float[] rows = new float[patches.Elements], tensor = new float[patches.Elements];
            var random = new Random(Seed);
            for (int i = 0; i < samples.Tensors.Count; i++)
            {
                patches.Gather(samples.Tensors[i], rows);
                int position = random.Next(patches.Positions);
                for (int row = 0; row < patches.Rows; row++)
                    rows[(row * patches.Positions) + position] += (float)vectors[(direction * patches.Rows) + row];
                patches.Scatter(rows, tensor);
                float[] wanted = SoftAnswer.Of(samples.Scores[i]);
                sum += SoftAnswer.Loss(network.Scores(tensor), wanted) - SoftAnswer.Loss(samples.Scores[i], wanted);
            }
            return sum;
        }
    }

    [Fact]
    public void Fit_AnySize_IsJudgedNoWorseThanPlainComponents()
    {
        var plan = new CodecPlan([Cut], ["bottleneck"]) { FitSource = _source, FitSamples = 64, Ratios = [8, 32] };
        IReadOnlyList<FittedBottleneck> made = CutBottlenecks.Fit(_model, new SampleReader(_source), plan, default);
        Assert.Equal(["bottleneck/8", "bottleneck/32", "components/8"], made.Select(each => each.Name));
        CutSamples samples = Samples(64);
        var plain = new BottleneckFit(Statistics(samples));
        using var network = new CutTail(_model, Cut);
        foreach (FittedBottleneck each in made.Take(2))
            Assert.True(network.Loss(each.Map, samples) <= 1.0001 * network.Loss(plain.OfAtMost(each.Map.PayloadBytes), samples), each.Name);
    }

    public void Dispose()
    {
        _source.Dispose();
        _model.Dispose();
        _folder.Delete(recursive: true);
    }
}
