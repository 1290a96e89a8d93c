using EdgeML.Native.Numerics;
using EdgeML.Training.Branching;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Tests.Branching;

public sealed class HeadNetTests
{
    const int Rows = 5;

    [Fact]
    public void Backward_EveryWeight_IsTheDifferenceQuotient()
    {
        var net = Net([7, 12, 9, 3]);
        double Loss()
        {
            net.Forward(Rows, null);
            return Enumerable.Range(0, Rows).Sum(row => Softmax.Loss(net.Scores(row), row % 3)) / Rows;
        }
        net.Forward(Rows, null);
        for (int row = 0; row < Rows; row++)
        {
            Softmax.Of(net.Scores(row), net.OutputGradientRow(row));
            net.OutputGradientRow(row)[row % 3] -= 1;
            foreach (ref float gradient in net.OutputGradientRow(row)) gradient /= Rows;
        }
        net.Backward(Rows, kept: 1);
        float[] gradients = [.. net.Gradients];
        const float Step = 1e-3f; // a larger one crosses a ReLU's kink
        for (int i = 0; i < net.Weights.Length; i++)
        {
            float weight = net.Weights[i];
            if (weight == 0) continue; // padding, and biases at their start
            net.Weights[i] = weight + Step;
            double above = Loss();
            net.Weights[i] = weight - Step;
            double below = Loss();
            net.Weights[i] = weight;
            Assert.True(Math.Abs(((above - below) / (2 * Step)) - gradients[i]) < 2e-3,
                $"weight {i}: {gradients[i]}, {(above - below) / (2 * Step)}");
        }
    }

    [Fact]
    public void Export_ImportedElsewhere_GivesTheSameScores()
    {
        HeadNet net = Net([7, 12, 3]), other = new([7, 12, 3], Rows);
        for (int layer = 0; layer < net.Layers; layer++)
        {
            (float[] weights, float[] biases) = net.Export(layer);
            other.Import(layer, weights, biases);
        }
        net.Input(0).CopyTo(other.Input(0));
        net.Forward(1, null);
        other.Forward(1, null);

        Assert.Equal(net.Scores(0).ToArray(), other.Scores(0).ToArray());
    }

    [Fact]
    public void Dropout_ManyValues_DropsItsShareAndKeepsTheMean()
    {
        float[] values = new float[100_003];
        Array.Fill(values, 1f);
        new DropoutNoise(0.3f, new SeededRandom(5)).Apply(values);

        Assert.InRange(values.Count(v => v == 0) / (double)values.Length, 0.295, 0.305);
        Assert.InRange(values.Average(), 0.99, 1.01);
    }

    [Fact]
    public void BestTemperature_ScoresTooSureByAFactor_FindsTheFactor()
    {
        var random = new SeededRandom(6);
        const int Count = 20_000;
        float[] scores = [.. Enumerable.Range(0, Count * 3).Select(_ => (float)random.Gaussian())];
        var labels = new int[Count];
        Span<float> chances = stackalloc float[3];
        for (int i = 0; i < Count; i++)
        {
            Softmax.Of(scores.AsSpan(i * 3, 3), chances);
            double draw = random.Uniform();
            labels[i] = draw < chances[0] ? 0 : draw < chances[0] + chances[1] ? 1 : 2;
        }
        float[] sure = [.. scores.Select(s => 2.5f * s)];

        Assert.InRange(Softmax.BestTemperature(i => sure.AsSpan(i * 3, 3), i => labels[i], Count), 2.4, 2.6);
    }

    static HeadNet Net(int[] sizes)
    {
        var net = new HeadNet(sizes, Rows);
        var random = new SeededRandom(4);
        net.Initialise(random);
        for (int row = 0; row < Rows; row++)
            foreach (ref float value in net.Input(row)) value = (float)random.Gaussian();
        return net;
    }
}
